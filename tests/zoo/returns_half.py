# Drops half of the input's rows in place, and returns the other half.
# Seen: invalid_predictions, ids_missing: the ids were read before the model could touch them.
import numpy as np
import pandas as pd


def predict(live_features):
    live_features.drop(index=live_features.index[100:], inplace=True)
    return pd.DataFrame({"prediction": np.linspace(0, 1, len(live_features))}, live_features.index)
