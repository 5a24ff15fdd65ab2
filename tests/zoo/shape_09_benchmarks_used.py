# Shape 9: really uses the benchmark models: one by its name, and the mean of all columns that are not text.
import pandas as pd


def predict(live_features, live_benchmark_models):
    benchmarks = live_benchmark_models.reindex(live_features.index)
    mean = benchmarks.drop(columns=benchmarks.select_dtypes(exclude="number").columns).mean(axis=1)
    own = live_features.filter(like="feature_").iloc[:, :5].mean(axis=1).rank(pct=True)
    blend = 0.5 * own + 0.3 * benchmarks["v53_lgbm_ender20"] + 0.2 * mean
    return pd.DataFrame({"prediction": blend.rank(pct=True)})
