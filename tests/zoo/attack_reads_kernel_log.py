# Reads the kernel's messages.
# Seen: refused by seccomp, and for want of a capability.
import ctypes

READ_ALL = 3


def attack(targets):
    targets.call("syslog", READ_ALL, ctypes.create_string_buffer(4096), 4096)
    return b"done"
