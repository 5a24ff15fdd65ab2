# joblib.Memory in the private directory.
import tempfile

import joblib
import numpy as np
import pandas as pd


def predict(live_features):
    average = joblib.Memory(tempfile.mkdtemp(), verbose=0).cache(np.average)
    numbers = live_features.filter(like="feature_").to_numpy()
    first, second = average(numbers, axis=1), average(numbers, axis=1)
    assert (first == second).all()
    values = second
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
