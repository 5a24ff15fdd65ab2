# Takes 4 GiB in eight children, each of which keeps below a limit of 1 GiB.
# Seen: out_of_memory: the limit holds for the tree.
import os
import time

import numpy as np


def predict(_live_features):
    for _ in range(8):
        if os.fork() == 0:
            kept = [np.ones(2**22) for _ in range(16)]
            time.sleep(60)
            os._exit(len(kept))
    time.sleep(60)
