"""torch: layers of every kind, by themselves and in skorch's and Lightning's clothes."""

import functools
import io

import pytorch_lightning
import skorch
import torch
from torch import nn


def models(data):
    """Name every model with a function that fits it."""
    for name, network in NETWORKS.items():
        yield name, functools.partial(trained, data, network)
    for fit in (of_weights, scripted, exported_bytes, by_skorch, by_lightning):
        yield fit.__name__.replace("_", "-"), functools.partial(fit, data)


class Recurrent(nn.Module):
    """A recurrent layer over the features, and a linear one."""

    def __init__(self, kind):
        super().__init__()
        self.layer, self.head = kind(1, 6, batch_first=True), nn.Linear(6, 1)

    def forward(self, rows):
        return self.head(self.layer(rows.unsqueeze(-1))[0][:, -1])


class Attention(nn.Module):
    """An encoder of a transformer over the features."""

    def __init__(self):
        super().__init__()
        self.up = nn.Linear(1, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.encoder, self.head = nn.TransformerEncoder(layer, 2), nn.Linear(8, 1)

    def forward(self, rows):
        return self.head(self.encoder(self.up(rows.unsqueeze(-1))).mean(dim=1))


class Embedded(nn.Module):
    """An embedding of the five values."""

    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(5, 3), nn.Linear(24, 1)

    def forward(self, rows):
        return self.head(self.embedding((rows * 4).long()).flatten(1))


NETWORKS = {
    "linear": lambda: nn.Linear(8, 1),
    "perceptron": lambda: nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1)),
    "batch-norm": lambda: nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 1), nn.Sigmoid()),
    "layer-norm": lambda: nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 16), nn.SiLU(), nn.Linear(16, 1)),
    "convolution": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 8)), nn.Conv1d(1, 4, 3), nn.LeakyReLU(), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(12, 1)
    ),
    "lstm": lambda: Recurrent(nn.LSTM),
    "gru": lambda: Recurrent(nn.GRU),
    "transformer": Attention,
    "embedding": Embedded,
}


def fit(network, data):
    """Train a network for some steps."""
    torch.manual_seed(0)
    network = network()
    rows, target = torch.tensor(data.features.to_numpy()), torch.tensor(data.target.to_numpy(dtype="float32"))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        nn.functional.mse_loss(network(rows).squeeze(1), target).backward()
        optimizer.step()
    return network.eval()


def asking_network(network):
    """Return the function of a participant."""

    def predict(live):
        with torch.no_grad():
            return network(torch.tensor(live.to_numpy())).numpy().ravel()

    return predict


def trained(data, network):
    """Hold the network itself."""
    return asking_network(fit(network, data))


def of_weights(data):
    """Hold the weights only, and make the network anew."""
    weights = fit(NETWORKS["perceptron"], data).state_dict()

    def predict(live):
        network = NETWORKS["perceptron"]()
        network.load_state_dict(weights)
        return asking_network(network.eval())(live)

    return predict


def scripted(data):
    """Hold what TorchScript saved, as bytes."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(fit(NETWORKS["perceptron"], data), torch.zeros(2, 8)), buffer)
    saved = buffer.getvalue()
    return lambda live: asking_network(torch.jit.load(io.BytesIO(saved)))(live)


def exported_bytes(data):
    """Hold what torch.save saved of a state, as bytes."""
    buffer = io.BytesIO()
    torch.save(fit(NETWORKS["batch-norm"], data).state_dict(), buffer)
    saved = buffer.getvalue()

    def predict(live):
        network = NETWORKS["batch-norm"]()
        network.load_state_dict(torch.load(io.BytesIO(saved)))
        return asking_network(network.eval())(live)

    return predict


def by_skorch(data):
    """Fit by skorch."""
    torch.manual_seed(0)
    net = skorch.NeuralNetRegressor(NETWORKS["perceptron"](), max_epochs=3, verbose=0, train_split=None)
    net.fit(data.features.to_numpy(), data.target.to_numpy(dtype="float32").reshape(-1, 1))
    return lambda live: net.predict(live.to_numpy()).ravel()


class Lightning(pytorch_lightning.LightningModule):
    """A module of Lightning."""

    def __init__(self):
        super().__init__()
        self.save_hyperparameters()
        self.network = NETWORKS["perceptron"]()

    def forward(self, rows):
        return self.network(rows)

    def training_step(self, batch, _):
        return nn.functional.mse_loss(self(batch[0]).squeeze(1), batch[1])

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


def by_lightning(data):
    """Fit by Lightning."""
    pytorch_lightning.seed_everything(0)
    rows, target = torch.tensor(data.features.to_numpy()), torch.tensor(data.target.to_numpy(dtype="float32"))
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(rows, target), 50)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    module = Lightning()
    pytorch_lightning.Trainer(max_epochs=2, accelerator="cpu", **quiet).fit(module, batches)
    module.trainer = None
    return asking_network(module.eval())
