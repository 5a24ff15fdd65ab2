# pandas alone, with the benchmark models.


def predict(live_features, live_benchmark_models):
    benchmark = live_benchmark_models.drop(columns="era").mean(axis=1)
    own = live_features.filter(like="feature_").mean(axis=1).rank(pct=True)
    return (0.5 * own + 0.5 * benchmark).rank(pct=True, method="first").to_frame("prediction")
