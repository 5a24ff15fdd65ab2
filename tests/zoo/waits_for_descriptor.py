# Has a process send it a descriptor through a queue, as the workers of torch's DataLoader send tensors.
# Seen: where sockets within the machine are closed, it waits for ever and is told what to use instead; elsewhere
# delivered.
import multiprocessing

import pandas as pd


def predict(live_features):
    context = multiprocessing.get_context("fork")
    queue, (ours, theirs) = context.Queue(), context.Pipe()

    def send():
        queue.put(theirs)
        ours.recv()

    context.Process(target=send, daemon=True).start()
    received = queue.get()
    received.send("here")
    return pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)
