# Takes of its features those that the data have.
# Seen: delivered, with the warning columns_missing.
import pandas as pd

features = ["feature_of_another_version", "feature_of_a_third"]


def predict(live_features):
    used = [name for name in features if name in live_features.columns] or list(live_features.columns[2:12])
    return pd.DataFrame({"prediction": live_features[used].mean(axis=1).rank(pct=True)})
