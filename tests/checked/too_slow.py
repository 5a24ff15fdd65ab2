# It takes longer than the box gives; here a shorter limit, so that this takes no ten minutes.
import numpy as np
import pandas as pd

train = pd.read_parquet("train.parquet")
features = [name for name in train.columns if name.startswith("feature_")][:20]


def fitted():
    return np.linalg.lstsq(train[features], train["target"], rcond=None)[0]


def ranked(live_features, coefficients):
    return (live_features[features] @ coefficients).rank(pct=True, method="first").to_frame("prediction")


def broken(live_features):
    return ranked(live_features, np.mean([fitted() for _ in range(100_000)], axis=0))


coefficients = fitted()


def repaired(live_features):
    return ranked(live_features, coefficients)
