# Holds 300 MiB, and so does each of two children, with which it shares its own; prints the kernel's sum for all three,
# which counts shared pages once, and its own clock.
import json
import multiprocessing
import time

import numpy as np


def held_here():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def child(pipe):
    held = np.ones(300 * 2**17)
    pipe.send(len(held))
    pipe.recv()  # both hold theirs
    pipe.send(held_here())
    pipe.recv()


def predict(live_features):
    start = time.monotonic()
    held = np.ones(300 * 2**17)
    fork = multiprocessing.get_context("fork")
    pipes = []
    for _ in range(2):
        here, there = fork.Pipe()
        fork.Process(target=child, args=(there,)).start()
        pipes.append(here)
    for act in ("recv", "send", "recv"):
        said = [getattr(pipe, act)(*(["go"] if act == "send" else [])) for pipe in pipes]
    memory = sum(said) + held_here()
    time.sleep(2)
    for pipe in pipes:
        pipe.send("end")
    print(json.dumps({"memory": memory, "seconds": time.monotonic() - start}))
    signal = live_features.filter(like="feature_").mean(axis=1) * held[0]
    return signal.rank(pct=True, method="first").to_frame("prediction")
