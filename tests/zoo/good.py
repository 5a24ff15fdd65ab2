# Does what it should: one argument, one prediction for each id.
# Seen: delivered, exit code 0, no warning.
import pandas as pd


def predict(live_features):
    features = [column for column in live_features.columns if column.startswith("feature_")]
    return pd.DataFrame({"prediction": live_features[features].mean(axis=1).rank(pct=True)})
