# Returns a value of 1.5.
# Seen: invalid_predictions, values_out_of_range.
import numpy as np
import pandas as pd


def predict(live_features):
    values = np.linspace(0, 1, len(live_features))
    values[7] = 1.5
    return pd.DataFrame({"prediction": values}, live_features.index)
