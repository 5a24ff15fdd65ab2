# A pool of freshly started processes: they must not run the worker's own program again.
import math
import multiprocessing

import pandas as pd


def predict(live_features):
    numbers = live_features.filter(like="feature_").mean(axis=1)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        values = pool.map(math.sqrt, numbers)
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
