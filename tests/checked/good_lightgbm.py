# LightGBM.
import lightgbm
import pandas as pd

train = pd.read_parquet("train.parquet")
features = [name for name in train.columns if name.startswith("feature_")][:20]
data = lightgbm.Dataset(train[features], train["target"])
model = lightgbm.train({"num_leaves": 7, "verbose": -1, "num_threads": 1, "seed": 0}, data, 20)


def predict(live_features):
    return pd.DataFrame({"prediction": model.predict(live_features[features])}, index=live_features.index)
