# It downloads its weights when it is called.
import urllib.request

import numpy as np
import pandas as pd


def ranked(live_features, weights):
    signal = live_features.filter(like="feature_").iloc[:, : len(weights)] @ weights
    return signal.rank(pct=True, method="first").to_frame("prediction")


def broken(live_features):
    file, _ = urllib.request.urlretrieve("https://example.com/weights.csv")
    return ranked(live_features, pd.read_csv(file)["weight"].to_numpy())


weights = np.linspace(0, 1, 20)


def repaired(live_features):
    return ranked(live_features, weights)
