# Leaves a daemon that has forked twice and has a session of its own: neither a child nor in the process group.
# Seen: delivered, with the warning processes_left; the daemon is dead.
import os
import time

import pandas as pd


def start_daemon():
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    open("daemon-runs", "w").close()
    while True:
        time.sleep(60)


def predict(live_features):
    start_daemon()
    while not os.path.exists("daemon-runs"):
        time.sleep(0.01)
    return pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)
