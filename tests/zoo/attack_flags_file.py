# Marks a file by a flag of the file system that an open descriptor allows even where it is for reading only.
# Seen: refused by seccomp; the file has the flags that it had.
import ctypes
import fcntl
import os

FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_NODUMP_FL = 0x80086601, 0x40086602, 0x40
WHILE_LOADING = True


def attack(targets):
    for name in os.listdir("/proc/self/fd"):
        if os.path.basename(os.readlink(f"/proc/self/fd/{name}")) == targets.model_name:
            flags = ctypes.c_long()
            fcntl.ioctl(int(name), FS_IOC_GETFLAGS, flags)
            flags.value |= FS_NODUMP_FL
            fcntl.ioctl(int(name), FS_IOC_SETFLAGS, flags)
            return
    raise OSError("no descriptor of it")
