# A pool by the fork server, to which one connects by a socket within the machine.
# Seen: where such sockets are closed, the function raised, and what to use instead; elsewhere delivered.
import math
import multiprocessing

import pandas as pd


def predict(live_features):
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        roots = pool.map(math.sqrt, range(len(live_features)))
    return pd.DataFrame({"prediction": roots}, live_features.index).rank(pct=True)
