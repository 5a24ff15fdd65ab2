# Loads a program into the kernel.
# Seen: refused by seccomp.
import ctypes
import struct

BPF_PROG_LOAD, SOCKET_FILTER = 5, 1


def attack(targets):
    program = ctypes.create_string_buffer(struct.pack("=BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0))
    license = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack("=IIQQ40x", SOCKET_FILTER, 2, ctypes.addressof(program), ctypes.addressof(license))
    targets.call("bpf", BPF_PROG_LOAD, ctypes.create_string_buffer(attributes), len(attributes))
    return b"done"
