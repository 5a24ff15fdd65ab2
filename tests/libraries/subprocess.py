# Other programs: a shell, and Python itself with pandas.
import subprocess
import sys

import pandas as pd


def predict(live_features):
    said = subprocess.run("echo 2 | tr 2 3", shell=True, capture_output=True, text=True, check=True).stdout
    code = "import pandas; print(pandas.Series([1, 2, 3]).mean())"
    mean = subprocess.check_output([sys.executable, "-c", code], text=True)
    values = live_features.filter(like="feature_").mean(axis=1) * float(said) + float(mean)
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
