# Asks the kernel to tell what happens in somebody's folder, and learns the names of files.
# Seen: refused by seccomp.
import ctypes
import os
import select
import struct

IN_CREATE = 0x100


def attack(targets):
    libc = ctypes.CDLL(None, use_errno=True)
    queue = libc.inotify_init1(0)
    if queue < 0 or libc.inotify_add_watch(queue, os.fsencode(targets.busy_folder), IN_CREATE) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if not select.select([queue], [], [], 1)[0]:
        raise OSError("nothing happened there")
    event = os.read(queue, 4096)
    _, _, _, length = struct.unpack_from("=iIII", event)
    return event[16 : 16 + length]
