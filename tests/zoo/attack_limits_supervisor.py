# Gives the supervisor a limit of processor time, after which the kernel ends it.
# Seen: refused by seccomp; the supervisor has the limits that it had.
import resource
import time


def attack(targets):
    resource.prlimit(targets.supervisor, resource.RLIMIT_CPU, (3600, 3600))
    time.sleep(0.1)
