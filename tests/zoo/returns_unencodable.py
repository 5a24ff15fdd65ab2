# Returns an id that no UTF-8 text can hold.
# Seen: predict_raised, UnicodeEncodeError.
import pandas as pd


def predict(_live_features):
    return pd.DataFrame({"prediction": [0.1]}, pd.Index(["\udc80"], name="id", dtype=object))
