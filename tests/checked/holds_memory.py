# Holds 400 MiB for three seconds, and prints the kernel's number for the most that it has held, and its own clock.
import json
import time

import numpy as np


def predict(live_features):
    start = time.monotonic()
    held = np.ones(400 * 2**17)
    time.sleep(3)
    with open("/proc/self/status") as file:
        peak = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
    print(json.dumps({"memory": peak, "seconds": time.monotonic() - start}))
    signal = live_features.filter(like="feature_").mean(axis=1) * held[0]
    return signal.rank(pct=True, method="first").to_frame("prediction")
