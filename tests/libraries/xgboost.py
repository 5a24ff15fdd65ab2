# XGBoost on all processors.
import pandas as pd
import xgboost as xgb

train = pd.read_parquet("train.parquet")
features = [column for column in train.columns if column.startswith("feature_")]
model = xgb.train({"max_depth": 3, "nthread": 0}, xgb.DMatrix(train[features], train["target"]), 20)


def predict(live_features):
    values = model.predict(xgb.DMatrix(live_features[features]))
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
