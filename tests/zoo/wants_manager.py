# A manager of multiprocessing: the process that dies for want of a socket is another than the one that raises.
# Seen: where such sockets are closed, the function raised, and what to use instead; elsewhere delivered.
import multiprocessing

import pandas as pd


def predict(live_features):
    with multiprocessing.get_context("fork").Manager() as manager:
        numbers = list(manager.list(range(len(live_features))))
    return pd.DataFrame({"prediction": numbers}, live_features.index).rank(pct=True)
