# A fork bomb, which stops by itself at 512 processes lest a fault of ours hurts the machine.
# Seen: too_many_processes, and none of them left.
import os
import time


def predict(_live_features):
    for _ in range(9):
        os.fork()
    time.sleep(30)
