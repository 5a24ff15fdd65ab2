# Shape 15: makes features inside, of all the frame has; what is missing it fills with 0, which hides a version switch.
import pandas as pd

train = pd.read_parquet("train.parquet")
wanted = [column for column in train.columns if column.startswith("feature_")][:50] + ["feature_of_another_version"]


def predict(live_features):
    every = [column for column in live_features.columns if column.startswith("feature_")]
    chosen = live_features.reindex(columns=wanted).fillna(0)
    made = pd.DataFrame({"mean": live_features[every].mean(axis=1), "skew": chosen.skew(axis=1)})
    made["product"] = made["mean"] * made["skew"]
    return made.rank(pct=True).mean(axis=1).to_frame("prediction")
