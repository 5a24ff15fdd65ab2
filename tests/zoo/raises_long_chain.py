# Raises an exception that was raised while handling another, five thousand times over.
# Seen: predict_raised.


def predict(_live_features):
    error = None
    for number in range(5000):
        error, before = ValueError(number), error
        error.__context__ = before
    raise error
