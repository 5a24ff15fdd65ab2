# Writes a result on the channel itself, well formed but for its values, and ends the process with status 0.
# Seen: invalid_predictions: the judge reads the bytes.
import os

from numerai_predict.sandbox.messages import Returned, encode


def predict(live_features):
    csv = "id,prediction\n" + "".join(f"{id},nan\n" for id in live_features.index)
    os.write(3, encode(Returned("DataFrame", "a DataFrame", 0, csv.encode())))
    os._exit(0)
