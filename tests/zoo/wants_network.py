# Downloads something with urllib, which wraps what it is told.
# Seen: the function raised, and the box has no network.
import urllib.request


def predict(_live_features):
    return urllib.request.urlopen("https://127.0.0.1/weights").read()
