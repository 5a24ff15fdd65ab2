# Shape 3: two arguments, the second one ignored and with a name of its own.
import pandas as pd


def predict(live_features: pd.DataFrame, _live_benchmark_models: pd.DataFrame = None) -> pd.DataFrame:
    features = live_features.filter(like="feature_")
    return (features.sum(axis=1) / (4 * features.shape[1])).to_frame("prediction")
