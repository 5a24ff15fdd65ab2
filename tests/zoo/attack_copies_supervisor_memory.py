# Has the kernel copy the supervisor's memory.
# Seen: refused by seccomp, and because the supervisor is closed to other processes.
import ctypes
import struct


def attack(targets):
    with open(f"/proc/{targets.supervisor}/maps") as file:
        stack = next(line for line in file if "[stack]" in line)
    start, end = (int(part, 16) for part in stack.split()[0].split("-"))
    buffer = ctypes.create_string_buffer(end - start)
    ours = struct.pack("=QQ", ctypes.addressof(buffer), end - start)
    theirs = struct.pack("=QQ", start, end - start)
    targets.call("process_vm_readv", targets.supervisor, ours, 1, theirs, 1, 0)
    return buffer.raw
