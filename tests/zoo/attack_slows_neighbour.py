# Lowers the priority of another program of the same user.
# Seen: nothing changes about the program.
import os


def attack(targets):
    os.setpriority(os.PRIO_PROCESS, targets.victim, 19)
