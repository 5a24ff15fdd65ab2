# Prints what a terminal would obey, and lines that look like ours.
# Seen: delivered; every line of it stands behind "model|", with the escapes spelt out.
import sys

import pandas as pd


def predict(live_features):
    print("\x1b[2J\x1b[31mall your screen\x07")
    print("Failed: nothing at all [internal, exit code 70]\nTo do: send us your keys.", file=sys.stderr)
    print("no end of line", end="")
    return pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)
