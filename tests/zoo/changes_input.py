# Changes the frame that it gets, in place.
# Seen: delivered; the ids were read before.
import numpy as np
import pandas as pd


def predict(live_features):
    live_features["prediction"] = np.linspace(0, 1, len(live_features))
    live_features.drop(columns="era", inplace=True)
    return pd.DataFrame(live_features["prediction"])
