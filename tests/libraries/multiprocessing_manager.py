# A manager: objects that several processes share, through a socket.
import multiprocessing

import pandas as pd


def predict(live_features):
    with multiprocessing.get_context("fork").Manager() as manager:
        values = list(manager.list(live_features.filter(like="feature_").mean(axis=1)))
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
