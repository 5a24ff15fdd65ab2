# Writes a result on the channel itself, and ends the process.
# Seen: delivered: what it wrote is a valid submission, and that is all that was asked. Accepted, not liked.
import os

from numerai_predict.sandbox.messages import Returned, encode


def predict(live_features):
    rows = [f"{id},{row / len(live_features)}\n" for row, id in enumerate(live_features.index)]
    csv = "id,prediction\n" + "".join(rows)
    os.write(3, encode(Returned("DataFrame", "a DataFrame", 0, csv.encode())))
    os._exit(0)
