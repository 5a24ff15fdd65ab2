# Returns a frame without rows.
# Seen: invalid_predictions, no_rows.
import pandas as pd


def predict(live_features):
    return pd.DataFrame({"prediction": []}, live_features.index[:0])
