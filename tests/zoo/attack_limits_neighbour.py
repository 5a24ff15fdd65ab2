# Gives another program of the same user a limit of processor time, after which the kernel ends it.
# Seen: refused by seccomp; the program has the limits that it had.
import resource


def attack(targets):
    resource.prlimit(targets.victim, resource.RLIMIT_CPU, (3600, 3600))
