# Writes garbage on the channel to the supervisor.
# Seen: broken_result.
import os


def predict(_live_features):
    while True:
        os.write(3, b"garbage " * 1000)
