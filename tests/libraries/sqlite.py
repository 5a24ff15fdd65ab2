# SQLite in a temporary file, with its journal.
import pathlib
import sqlite3
import tempfile

import pandas as pd


def predict(live_features):
    numbers = live_features.filter(like="feature_").mean(axis=1)
    connection = sqlite3.connect(pathlib.Path(tempfile.mkdtemp(), "numbers.sqlite"))
    connection.execute("PRAGMA journal_mode = WAL")
    numbers.rename("mean").reset_index(drop=True).to_sql("numbers", connection)
    values = [value for (value,) in connection.execute('SELECT mean * 2 FROM numbers ORDER BY "index"')]
    connection.close()
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
