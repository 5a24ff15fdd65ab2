# Shape 2: one argument only, under another name than ours.
import pandas as pd
from sklearn.linear_model import LinearRegression

train = pd.read_parquet("train.parquet")
cols = [column for column in train.columns if column.startswith("feature_")][:20]
regression = LinearRegression().fit(train[cols].to_numpy(), train["target"].fillna(0.5))


def predict_model(X):
    return pd.Series(regression.predict(X[cols].to_numpy()), index=X.index).to_frame("prediction")


predict = predict_model
