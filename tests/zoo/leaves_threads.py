# Leaves threads running that are no daemons and never end.
# Seen: delivered at once, with the warning threads_left.
import threading
import time

import pandas as pd


def predict(live_features):
    for _ in range(3):
        threading.Thread(target=time.sleep, args=(3600,)).start()
    return pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)
