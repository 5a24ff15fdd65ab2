# Prints without end.
# Seen: timed_out; the head and the tail of what it said, and how much lies between.


def predict(_live_features):
    while True:
        print("still training, please wait " * 10)
