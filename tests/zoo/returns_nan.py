# Returns a single NaN.
# Seen: invalid_predictions, values_nan.
import numpy as np
import pandas as pd


def predict(live_features):
    values = np.linspace(0, 1, len(live_features))
    values[7] = np.nan
    return pd.DataFrame({"prediction": values}, live_features.index)
