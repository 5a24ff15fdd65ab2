# Shape 10: needs the column era in the live features, and ranks within each era.
import pandas as pd


def predict(live_features: pd.DataFrame) -> pd.DataFrame:
    frame = live_features[["era"]].assign(raw=live_features.filter(like="feature_").std(axis=1))
    return frame.groupby("era")["raw"].rank(pct=True).to_frame("prediction")
