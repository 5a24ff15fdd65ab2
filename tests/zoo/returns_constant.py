# Returns 0.5 for every id, which was accepted once and is refused by Numerai.
# Seen: invalid_predictions, values_constant.
import pandas as pd


def predict(live_features):
    return pd.DataFrame({"prediction": 0.5}, live_features.index)
