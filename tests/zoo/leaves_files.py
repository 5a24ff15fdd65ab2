# Leaves files behind, in a folder that it may no longer list itself.
# Seen: delivered, and nothing left.
import os
import tempfile

import pandas as pd


def predict(live_features):
    folder = tempfile.mkdtemp()
    for place in (folder, "."):
        with open(os.path.join(place, "cache.bin"), "wb") as file:
            file.write(bytes(1000))
    os.chmod(folder, 0)
    return pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)
