# Shape 11: a network exported to numpy, a LightGBM Booster and a scikit-learn voting ensemble, side by side.
# Not here, for want of their libraries: torch modules, Keras, XGBoost boosters, CatBoost, polars inside.
import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor

train = pd.read_parquet("train.parquet")
columns = [column for column in train.columns if column.startswith("feature_")][:12]
x, y = train[columns].to_numpy(np.float64), train["target"].fillna(0.5).to_numpy()
network = MLPRegressor(hidden_layer_sizes=(8,), max_iter=20, random_state=0, tol=1.0).fit(x, y)
weights, biases = network.coefs_, network.intercepts_
booster = lgb.train({"verbose": -1, "num_leaves": 7}, lgb.Dataset(x, y), num_boost_round=5)
voting = VotingRegressor([("a", Ridge()), ("b", Ridge(alpha=100.0))]).fit(x, y)


def predict(live_features):
    x = live_features[columns].to_numpy(np.float64)
    hidden = np.maximum(x @ weights[0] + biases[0], 0)
    votes = [(hidden @ weights[1] + biases[1]).ravel(), booster.predict(x), voting.predict(x)]
    return pd.DataFrame({"prediction": np.mean(votes, axis=0)}, index=live_features.index).rank(pct=True)
