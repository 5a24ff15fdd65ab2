# Leaves a daemon that has forked twice and has a session of its own: neither a child nor in the process group.
# Seen: delivered, with the warning processes_left; the daemon, whose id is in the file .pid, is dead.
import os
import time

import cloudpickle
import pandas as pd


def make(path):
    pid_file = str(path.with_suffix(".pid"))

    def start_daemon():
        if os.fork():
            return
        os.setsid()
        if os.fork():
            os._exit(0)
        with open(pid_file + ".part", "w") as file:
            file.write(str(os.getpid()))
        os.rename(pid_file + ".part", pid_file)
        while True:
            time.sleep(60)

    def predict(live_features):
        start_daemon()
        while not os.path.exists(pid_file):
            time.sleep(0.01)
        return pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)

    path.write_bytes(cloudpickle.dumps(predict))
