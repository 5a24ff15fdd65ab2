"""Imports a package under a name that stands nowhere in the pickle."""


def predict(live_features):
    import importlib

    graph = importlib.import_module("network" + "x").path_graph(3)
    ranks = live_features.iloc[:, 2:].sum(axis=1).rank(pct=True, method="first")
    return (ranks / len(graph)).to_frame("prediction")
