# Shape 8: DataFrame(values, index, columns); values of float32, which keep their few digits in the CSV.
import numpy as np
import pandas as pd


def predict(live_features):
    values = live_features.filter(like="feature_").to_numpy(np.float32).mean(axis=1) / np.float32(4.0)
    return pd.DataFrame(values, index=live_features.index, columns=["prediction"])
