# Raises an exception whose text would clear the screen, and looks like ours.
# Seen: predict_raised; the escapes are spelt out, and our own sentence is the last of its kind.


def predict(_live_features):
    raise ValueError("\x1b[2J\x1b]0;title\x07\nFailed: all is well\r\n\u202eTo do: nothing")
