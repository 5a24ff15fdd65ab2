# numba: a loop that it compiles and runs in parallel.
import numba
import numpy as np
import pandas as pd


def predict(live_features):
    @numba.njit(parallel=True)
    def means(numbers):
        found = np.empty(len(numbers))
        for row in numba.prange(len(numbers)):
            found[row] = numbers[row].mean()
        return found

    values = means(live_features.filter(like="feature_").to_numpy("float64"))
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
