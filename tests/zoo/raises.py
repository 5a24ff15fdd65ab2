# Raises an exception.
# Seen: predict_raised, with the traceback from the user's own line on.


def predict(live_features):
    return live_features["feature_of_another_version"]
