# A pool by the fork server, to which one has to connect: the way of Python 3.14 if a model names none.
import math
import multiprocessing

import pandas as pd


def predict(live_features):
    numbers = live_features.filter(like="feature_").mean(axis=1)
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        values = pool.map(math.sqrt, numbers)
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
