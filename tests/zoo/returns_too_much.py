# Returns more cells than could be a submission.
# Seen: result_too_large, before they are written as text.
import numpy as np
import pandas as pd


def predict(_live_features):
    return pd.DataFrame({"prediction": np.zeros(5_000_001)})
