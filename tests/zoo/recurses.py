# Calls itself without end.
# Seen: predict_raised, RecursionError, with a short traceback.


def predict(live_features):
    return predict(live_features)
