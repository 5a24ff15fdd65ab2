# CatBoost, fitted inside as well: it then writes a folder into the working directory.
import catboost
import pandas as pd

train = pd.read_parquet("train.parquet")
features = [column for column in train.columns if column.startswith("feature_")]
settings = {"iterations": 20, "depth": 3, "random_seed": 1, "verbose": False}
model = catboost.CatBoostRegressor(**settings, allow_writing_files=False).fit(train[features], train["target"])


def predict(live_features):
    again = catboost.CatBoostRegressor(**settings).fit(live_features[features], live_features[features].mean(axis=1))
    values = model.predict(live_features[features]) + again.predict(live_features[features])
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
