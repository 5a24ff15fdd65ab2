# Shape 1: a module-level function that uses the notebook's globals, and a Series as the column prediction.
# Libraries: lightgbm (47 of 68 functions use it).
import lightgbm as lgb
import pandas as pd

train = pd.read_parquet("train.parquet")
feature_set = [column for column in train.columns if column.startswith("feature_")][:20]
model = lgb.LGBMRegressor(n_estimators=10, num_leaves=7, verbose=-1)
model.fit(train[feature_set], train["target"].fillna(0.5))


def predict(live_features: pd.DataFrame) -> pd.DataFrame:
    live_predictions = model.predict(live_features[feature_set])
    submission = pd.Series(live_predictions, index=live_features.index)
    return submission.to_frame("prediction")
