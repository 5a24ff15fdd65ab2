# Makes another folder the root of all paths.
# Seen: refused by seccomp, and for want of a capability.
import os


def attack(_):
    pid = os.fork()
    if not pid:
        try:
            os.chroot(".")
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(status, os.strerror(status))
    return b"done"
