# The ids got lost: the index is that of an array.
import pandas as pd


def signal(live_features):
    return live_features.filter(like="feature_").mean(axis=1).rank(pct=True, method="first").to_numpy()


def broken(live_features):
    return pd.DataFrame({"prediction": signal(live_features)})


def repaired(live_features):
    return pd.DataFrame({"prediction": signal(live_features)}, index=live_features.index)
