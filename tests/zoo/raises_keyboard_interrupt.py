# Raises what only a person at the keyboard should raise.
# Seen: predict_raised: nobody interrupted the run.


def predict(_live_features):
    raise KeyboardInterrupt
