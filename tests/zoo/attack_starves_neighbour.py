# Puts another program of the same user last in the queue for the disk.
# Seen: nothing changes about the program.
IDLE = 3 << 13


def attack(targets):
    targets.call("ioprio_set", 1, targets.victim, IDLE)
