# joblib with processes (loky), large arrays included: they go by memory maps in its temporary folder.
import numpy as np
import pandas as pd
from joblib import Parallel, delayed


def predict(live_features):
    blocks = [np.full(300_000, float(seed)) for seed in range(4)]
    means = Parallel(n_jobs=2)(delayed(np.mean)(block) for block in blocks)
    values = live_features.filter(like="feature_").mean(axis=1) + sum(means)
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
