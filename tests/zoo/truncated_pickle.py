# The first half of a pickle, as an upload that was cut off.
# Seen: truncated_pickle.
import cloudpickle


def predict(live_features):
    return live_features


def make(path):
    whole = cloudpickle.dumps(predict)
    path.write_bytes(whole[: len(whole) // 2])
