# Starts a process in a user namespace of its own.
# Seen: refused by seccomp.
import os
import signal

CLONE_NEWUSER = 0x10000000


def attack(targets):
    pid = targets.call("clone", CLONE_NEWUSER | int(signal.SIGCHLD), 0, 0, 0, 0)
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    return b"done"
