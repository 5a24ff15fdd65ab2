# Makes a user namespace of its own, in which it is root.
# Seen: refused by seccomp.
import os

CLONE_NEWUSER = 0x10000000


def attack(targets):
    pid = os.fork()
    if not pid:
        try:
            targets.call("unshare", CLONE_NEWUSER)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(status, os.strerror(status))
    return b"done"
