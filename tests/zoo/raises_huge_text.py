# Raises an exception whose text is 50 MB long and has no line end.
# Seen: predict_raised; the text is cut.


def predict(_live_features):
    raise ValueError("x" * 50_000_000)
