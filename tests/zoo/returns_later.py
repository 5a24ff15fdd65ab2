# Says that it is at work, takes a second, does what it should, and ends while the supervisor is stopped.
# Seen: delivered, as soon as the supervisor goes on.
import time

import pandas as pd


def predict(live_features):
    print("at work")
    time.sleep(1)
    return pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)
