# Takes 8 GiB and touches every page, 64 MiB at a time.
# Seen: out_of_memory, soon after the limit.
import numpy as np


def predict(_live_features):
    return [np.ones(2**23) for _ in range(128)]
