# Starts process after process, all of them its own children: no bomb, but too much.
# Seen: too_many_processes, and none of them left.
import os
import time


def predict(_live_features):
    for _ in range(512):
        if not os.fork():
            time.sleep(60)
            os._exit(0)
    time.sleep(60)
