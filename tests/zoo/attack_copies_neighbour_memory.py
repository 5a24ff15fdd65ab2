# Has the kernel copy the memory of another program of the same user.
# Seen: refused by seccomp.
import ctypes
import struct


def attack(targets):
    buffer = ctypes.create_string_buffer(100)
    ours = struct.pack("=QQ", ctypes.addressof(buffer), 100)
    theirs = struct.pack("=QQ", targets.neighbour_address, 100)
    targets.call("process_vm_readv", targets.neighbour, ours, 1, theirs, 1, 0)
    return buffer.raw
