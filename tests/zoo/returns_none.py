# Forgets to return.
# Seen: wrong_output_type.


def predict(_live_features):
    pass
