"""Train a model on a sample round, and pickle a function as it would be uploaded to Numerai.

    python -m numerai_predict.sample_round sample
    python examples/train_example_model.py sample model.pkl

The function holds everything it needs: a LightGBM model, the names of its features, and the features to which its
predictions are neutralised. It runs on live data of the same sample round; real data has other features, for which a
model must be trained on real data.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import lightgbm
import numpy as np
import pandas as pd

EXTRA_FEATURES = 150
"""Features of the `medium` set that the model uses besides those of `small`."""

NEUTRALISERS = 12
"""Features to which the predictions are neutralised: those that follow the target most."""

PROPORTION = 0.25
"""How much of what these features explain is taken out of the predictions."""

PARAMETERS = {
    "n_estimators": 160,
    "learning_rate": 0.05,
    "num_leaves": 11,
    "colsample_bytree": 0.2,
    "random_state": 0,
    # The same trees on every run.
    "n_jobs": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}


def choose_features(directory: Path) -> list[str]:
    """Return the names of the model's features: all of `small` and some of `medium`."""
    sets = json.loads((directory / "features.json").read_text(encoding="utf-8"))["feature_sets"]
    return list(dict.fromkeys(sets["small"] + sets["medium"][:EXTRA_FEATURES]))


def read_eras(directory: Path, name: str, features: list[str]) -> pd.DataFrame:
    """Return the rows of train.parquet or validation.parquet that have a target. No other column is read."""
    rows = pd.read_parquet(directory / f"{name}.parquet", columns=["era", *features, "target"])
    return rows.dropna(subset=["target"])


def riskiest(train: pd.DataFrame, features: list[str]) -> list[str]:
    """Return the features that follow the target most, and which the predictions would therefore follow too."""
    follows = train[features].corrwith(train["target"]).abs()
    return follows.nlargest(NEUTRALISERS).index.to_list()


def without_path(function: Callable[..., object]) -> Callable[..., object]:
    """Return the function, which forgets in which folder of this machine it was written."""
    function.__code__ = function.__code__.replace(co_filename=Path(__file__).name)
    return function


def make_predict(model: lightgbm.LGBMRegressor, features: list[str], neutralisers: list[str]) -> Callable[..., object]:
    """Return the function to upload. What it uses from here travels with it, inside the pickle."""

    @without_path
    def neutralise(predictions: pd.Series, live_features: pd.DataFrame) -> pd.Series:
        exposures = live_features[neutralisers].to_numpy(dtype=np.float32) / 4 - 0.5
        centred = predictions - predictions.mean()
        return centred - PROPORTION * exposures @ (np.linalg.pinv(exposures) @ centred.to_numpy())

    @without_path
    def predict(live_features: pd.DataFrame, live_benchmark_models: pd.DataFrame) -> pd.DataFrame:  # noqa: ARG001
        raw = pd.Series(model.predict(live_features[features]), index=live_features.index)
        return neutralise(raw, live_features).rank(pct=True).to_frame("prediction")

    return predict


def one_argument(predict: Callable[..., object]) -> Callable[..., object]:
    """Return the function in its older form, that knows of no benchmark models."""

    @without_path
    def predict_legacy(live_features: pd.DataFrame) -> object:
        return predict(live_features, None)

    return predict_legacy


def correlation(predictions: pd.Series, rows: pd.DataFrame) -> float:
    """Return the mean over eras of the rank correlation of predictions and target."""
    table = pd.DataFrame({"prediction": predictions, "target": rows["target"], "era": rows["era"]}).dropna()
    return float(np.mean([era["prediction"].rank().corr(era["target"].rank()) for _, era in table.groupby("era")]))


def report(predict: Callable[..., pd.DataFrame], directory: Path, features: list[str]) -> None:
    """Print how well the function and the benchmark model predict the validation eras."""
    validation = read_eras(directory, "validation", features)
    benchmarks = pd.read_parquet(directory / "validation_benchmark_models.parquet")
    predictions = pd.concat(
        [predict(era, benchmarks.loc[era.index])["prediction"] for _, era in validation.groupby("era")]
    )
    print(f"correlation with the target in {validation['era'].nunique()} validation eras:")
    print(f"  this model         {correlation(predictions, validation):+.4f}")
    print(f"  v53_lgbm_ender60   {correlation(benchmarks['v53_lgbm_ender60'], validation):+.4f}")


def pickle_by_value(function: Callable[..., object]) -> bytes:
    """Return the pickle of a function. It needs no file of this machine, and names none."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    # cloudpickle stores this path with every function of the module.
    globals().pop("__file__", None)
    return cloudpickle.dumps(function)


def main() -> None:
    """Train, report and write the pickle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIR", type=Path, help="a sample round")
    parser.add_argument("model", metavar="MODEL", type=Path, help="where the pickle goes")
    parser.add_argument("--legacy", action="store_true", help="write the function with one argument, live_features")
    options = parser.parse_args()

    features = choose_features(options.directory)
    train = read_eras(options.directory, "train", features)
    model = lightgbm.LGBMRegressor(**PARAMETERS).fit(train[features], train["target"])
    predict = make_predict(model, features, riskiest(train, features))
    report(predict, options.directory, features)
    pickled = pickle_by_value(one_argument(predict) if options.legacy else predict)
    options.model.write_bytes(pickled)
    print(f"{options.model}: {len(pickled):,} bytes")


if __name__ == "__main__":
    main()
