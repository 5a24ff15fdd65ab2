# Writes a result on the channel itself, and then returns another one.
# Seen: broken_result: there are two.
import os

import pandas as pd

from numerai_predict.sandbox.messages import Returned, encode


def predict(live_features):
    predictions = pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)
    os.write(3, encode(Returned("DataFrame", "a DataFrame", 0, predictions.to_csv().encode())))
    return predictions
