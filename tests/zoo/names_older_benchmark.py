# Uses a benchmark model of an older dataset.
# Seen: predict_raised, with that dataset's version in the remedy.


def predict(live_features, live_benchmark_models):  # noqa: ARG001
    return live_benchmark_models[["v52_lgbm_ender20"]]
