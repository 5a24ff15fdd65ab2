"""Pickle every model of `models.py` in the environment that runs this: `python make.py ROUND FOLDER [KIND...]`.

ROUND is a folder with a sample round. Writes FOLDER/KIND.pkl, and what each predicts, FOLDER/KIND.csv.
"""

import sys
import warnings
from pathlib import Path

import cloudpickle
import models
import pandas

ROWS, COLUMNS = 60, 4
"""Of the training data: a few kB make a pickle that breaks as large ones do."""


def main(sample_round: Path, folder: Path, wanted: list[str]) -> None:
    """Make the models; one that cannot be made here ends it."""
    warnings.simplefilter("ignore")
    cloudpickle.register_pickle_by_value(models)  # as what a notebook defines
    train = pandas.read_parquet(sample_round / "train.parquet").iloc[:ROWS]
    features = train[[name for name in train.columns if name.startswith("feature_")][:COLUMNS]].astype("float32")
    features.index = pandas.RangeIndex(len(features))
    target = train["target"].astype("float64").reset_index(drop=True)
    live = pandas.read_parquet(sample_round / "live.parquet")
    for kind, make in models.kinds(features, target):
        if wanted and kind not in wanted:
            continue
        predict = make()
        (folder / f"{kind}.pkl").write_bytes(cloudpickle.dumps(predict))
        predict(live).to_csv(folder / f"{kind}.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
