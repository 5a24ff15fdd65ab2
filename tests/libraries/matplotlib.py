# matplotlib without a screen: a picture in the private directory.
import pathlib
import tempfile

import matplotlib
import pandas as pd


def predict(live_features):
    matplotlib.use("Agg")
    from matplotlib import pyplot

    values = live_features.filter(like="feature_").mean(axis=1)
    pyplot.hist(values)
    pyplot.title("means")
    picture = pathlib.Path(tempfile.mkdtemp(), "means.png")
    pyplot.savefig(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
