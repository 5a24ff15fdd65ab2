# Uses a benchmark model of an older dataset.
# Seen: predict_raised, with that dataset's version in the remedy.


def predict(live_features, live_benchmark_models):
    return live_benchmark_models.loc[live_features.index, ["v52_lgbm_ender20"]]
