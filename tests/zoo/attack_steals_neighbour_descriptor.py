# Takes a copy of a descriptor of another program of the same user.
# Seen: refused by seccomp.
import os


def attack(targets):
    return os.pread(targets.call("pidfd_getfd", os.pidfd_open(targets.neighbour), 0, 0), 4096, 0)
