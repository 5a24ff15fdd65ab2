# Asks for more memory at once than there can be.
# Seen: out_of_memory, because numpy raised MemoryError.
import numpy as np


def predict(_live_features):
    return np.ones((2**40, 2**10))
