# It needs more memory than the box has; here a smaller box, so that this runs anywhere.
import numpy as np


def similarity(features, dtype):
    # Every row against every row, a thousand times over: what a neighbour search does with all the data.
    return np.tile(features.to_numpy(dtype) @ features.to_numpy(dtype).T, (2000, 1))


def broken(live_features):
    distances = similarity(live_features.filter(like="feature_"), np.float64)
    return live_features.assign(prediction=distances[: len(live_features)].mean(axis=1))[["prediction"]].rank(pct=True)


def repaired(live_features):
    features = live_features.filter(like="feature_").to_numpy(np.float32)
    return live_features.assign(prediction=features @ features.sum(axis=0))[["prediction"]].rank(pct=True)
