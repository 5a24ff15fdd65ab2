# torch: a linear layer on two threads.
import pandas as pd
import torch

torch.manual_seed(1)
train = pd.read_parquet("train.parquet")
features = [column for column in train.columns if column.startswith("feature_")]
model = torch.nn.Sequential(torch.nn.Linear(len(features), 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))


def predict(live_features):
    torch.set_num_threads(2)
    with torch.no_grad():
        values = model(torch.tensor(live_features[features].to_numpy("float32"))).numpy()[:, 0]
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
