# Ties another program of the same user to one processor.
# Seen: nothing changes about the program.
import os


def attack(targets):
    os.sched_setaffinity(targets.victim, {min(os.sched_getaffinity(0))})
