# It was trained on another version of the data.
import pandas as pd

columns_today = [name for name in pd.read_parquet("train.parquet").columns if name.startswith("feature_")][:5]
columns = ["feature_bipartite_unwilling_toad", *columns_today]


def ranked(features):
    return features.mean(axis=1).rank(pct=True, method="first").to_frame("prediction")


def broken(live_features):
    return ranked(live_features[columns])


def repaired(live_features):
    return ranked(live_features[columns_today])
