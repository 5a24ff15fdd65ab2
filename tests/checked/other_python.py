# Another Python is chosen at upload than the one that made it.


def predict(live_features):
    features = [name for name in live_features.columns if name.startswith("feature_")]
    return live_features[features].mean(axis=1).rank(pct=True, method="first").to_frame("prediction")
