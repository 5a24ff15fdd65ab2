# torch's DataLoader with worker processes, which hand over tensors through a socket.
import pandas as pd
import torch
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
train = pd.read_parquet("train.parquet")
features = [column for column in train.columns if column.startswith("feature_")]
model = torch.nn.Linear(len(features), 1)


def predict(live_features):
    loader = DataLoader(TensorDataset(torch.tensor(live_features[features].to_numpy("float32"))), 64, num_workers=2)
    with torch.no_grad():
        values = torch.cat([model(batch) for (batch,) in loader]).numpy()[:, 0]
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
