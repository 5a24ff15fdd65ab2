# It holds an array of a newer NumPy than the box has.
import numpy as np

weights = np.linspace(0, 1, 20)


def predict(live_features):
    signal = live_features.filter(like="feature_").iloc[:, :20] @ weights
    return signal.rank(pct=True, method="first").to_frame("prediction")
