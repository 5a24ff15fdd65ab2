# Takes a copy of one of the supervisor's descriptors.
# Seen: refused by seccomp, and because the supervisor is closed to other processes.
import os


def attack(targets):
    return os.pread(targets.call("pidfd_getfd", os.pidfd_open(targets.supervisor), 0, 0), 4096, 0)
