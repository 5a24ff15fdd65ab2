# Shape 6: neutralization to some features inside, by a helper that is pickled by value (numerai_tools has one as well).
import numpy as np
import pandas as pd


def neutralize(predictions: pd.DataFrame, neutralizers: pd.DataFrame, proportion: float = 1.0) -> pd.DataFrame:
    exposures = np.hstack([neutralizers.to_numpy(np.float64), np.ones((len(neutralizers), 1))])
    values = predictions.to_numpy(np.float64)
    neutral = values - proportion * exposures.dot(np.linalg.pinv(exposures, rcond=1e-6).dot(values))
    return pd.DataFrame(neutral / neutral.std(), index=predictions.index, columns=predictions.columns)


def predict_neutral(live_features: pd.DataFrame) -> pd.DataFrame:
    features = live_features.filter(like="feature_")
    raw = (features.iloc[:, 0] * features.iloc[:, 1] + features.iloc[:, 2]).to_frame("prediction")
    return neutralize(raw, features.iloc[:, :15]).rank(pct=True)


predict = predict_neutral
