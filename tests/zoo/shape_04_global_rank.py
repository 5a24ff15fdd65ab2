# Shape 4: everything ranked at the end, so that the last value is exactly 1.0.
import pandas as pd


def predict(live_features, live_benchmark_models):
    signal = live_features.filter(like="feature_").iloc[:, :10].astype("float32").mean(axis=1)
    return pd.DataFrame({"prediction": signal.rank(pct=True, method="first")}, index=live_benchmark_models.index)
