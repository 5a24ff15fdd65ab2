# Returns a Series named prediction, whose CSV is that of a DataFrame.
# Seen: delivered, with the warning returned_series.
import pandas as pd


def predict(live_features):
    return pd.Series(range(len(live_features)), live_features.index, name="prediction").rank(pct=True)
