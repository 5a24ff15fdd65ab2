# Takes no argument, and would read the data itself.
# Seen: wrong_signature.


def predict():
    return None
