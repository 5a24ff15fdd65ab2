# It draws random numbers without a seed. Numerai accepts that; but nobody can tell what it will say tomorrow.
import numpy as np


def jittered(live_features, random):
    signal = live_features.filter(like="feature_").mean(axis=1) / 4
    return (signal + random.uniform(-0.01, 0.01, len(signal))).clip(0, 1).to_frame("prediction")


def broken(live_features):
    return jittered(live_features, np.random.default_rng())


def repaired(live_features):
    return jittered(live_features, np.random.default_rng(20261124))
