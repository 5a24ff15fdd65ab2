# It takes something that Numerai does not give.


def blend(live_features, live_benchmark_models, proportion):
    ranks = live_features.filter(like="feature_").mean(axis=1).rank(pct=True, method="first")
    benchmark = live_benchmark_models.iloc[:, -1]
    return (proportion * ranks + (1 - proportion) * benchmark).to_frame("prediction")


broken = blend

proportion = 0.5


def repaired(live_features, live_benchmark_models):
    return blend(live_features, live_benchmark_models, proportion)
