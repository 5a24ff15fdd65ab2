# Gives its second argument a default.
# Seen: it gets the benchmark models all the same, as it always did.
import pandas as pd


def predict(live_features, live_benchmark_models=None):
    values = live_benchmark_models["v53_lgbm_ender20"].reindex(live_features.index)
    return pd.DataFrame({"prediction": values})
