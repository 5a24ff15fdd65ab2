# Lets another program of the same user run only when nothing else wants to.
# Seen: nothing changes about the program.
import os


def attack(targets):
    os.sched_setscheduler(targets.victim, os.SCHED_IDLE, os.sched_param(0))
