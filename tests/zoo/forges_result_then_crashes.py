# Writes a good result on the channel itself, and then crashes.
# Seen: crashed: a result counts only when the process has ended well.
import os

import pandas as pd

from numerai_predict.sandbox.messages import Returned, encode


def predict(live_features):
    predictions = pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)
    os.write(3, encode(Returned("DataFrame", "a DataFrame", 0, predictions.to_csv().encode())))
    os.abort()
