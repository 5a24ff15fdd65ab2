# NumPy alone: a small network whose weights are arrays.
import numpy as np
import pandas as pd

random = np.random.default_rng(0)
hidden, last = random.normal(size=(20, 8)), random.normal(size=8)


def predict(live_features):
    features = live_features.filter(like="feature_").iloc[:, :20].to_numpy(np.float32)
    said = np.tanh(features @ hidden) @ last
    return pd.DataFrame({"prediction": 1 / (1 + np.exp(-said))}, index=live_features.index)
