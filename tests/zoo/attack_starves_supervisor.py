# Puts the supervisor last in the queue for the disk.
# Seen: nothing changes about the supervisor.
import time

IDLE = 3 << 13


def attack(targets):
    targets.call("ioprio_set", 1, targets.supervisor, IDLE)
    time.sleep(0.1)
