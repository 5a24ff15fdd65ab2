# Stops itself with SIGSTOP: it neither runs nor ends.
# Seen: timed_out.
import os
import signal


def predict(_live_features):
    os.kill(os.getpid(), signal.SIGSTOP)
