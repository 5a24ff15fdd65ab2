"""The sample round is shaped like Numerai's v5.3 files, and a model can learn from it."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from numerai_predict import sample_round
from numerai_predict.sample_round import write_sample_round

SMALL = {"rows": 200, "features": 60, "eras": 4, "rows_per_era": 100}
TARGETS = ["target", *sample_round.TARGETS]
FRAMES = [
    "live",
    "live_benchmark_models",
    "meta_model",
    "train",
    "train_benchmark_models",
    "validation",
    "validation_benchmark_models",
]
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("small")
    write_sample_round(directory, **SMALL)
    return directory


@pytest.fixture(scope="module")
def learnable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("learnable")
    write_sample_round(directory, rows=500, features=200, eras=8, rows_per_era=600)
    return directory


@pytest.fixture(scope="module")
def full_world() -> sample_round.World:
    return sample_round.invent_world()


def read(directory: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(directory / f"{name}.parquet")


def feature_columns(frame: pd.DataFrame) -> list[str]:
    return [column for column in frame.columns if column.startswith("feature_")]


def digests(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


def era_correlations(frame: pd.DataFrame, column: str, target: str) -> pd.Series:
    known = frame.dropna(subset=[target])
    return pd.Series({era: rows[column].corr(rows[target], "spearman") for era, rows in known.groupby("era")})


def test_all_files(small: Path) -> None:
    """A round is nine files and nothing else."""
    expected = {f"{name}.parquet" for name in FRAMES} | {"features.json", "live_example_preds.csv"}
    assert set(digests(small)) == expected


def test_default_shape(full_world: sample_round.World, tmp_path: Path) -> None:
    """Live data of the default size is 7,058 rows of 3,557 columns and the index, in one row group."""
    sample_round.write_live(full_world, tmp_path, sample_round.ROWS, targets_in_live=False)
    written = pq.read_metadata(tmp_path / "live.parquet")
    assert (written.num_rows, written.num_columns, written.num_row_groups) == (7058, 3557 + 1, 1)


@pytest.mark.parametrize("name", FRAMES)
def test_id_is_the_last_parquet_column(small: Path, name: str) -> None:
    """In the file `id` is an ordinary string column, the last; pandas knows it as the index."""
    schema = pq.read_schema(small / f"{name}.parquet")
    assert schema.names[-1] == "id"
    assert schema.field("id").type == pa.string()
    assert schema.pandas_metadata["index_columns"] == ["id"]
    assert read(small, name).index.name == "id"


@pytest.mark.parametrize("name", FRAMES)
def test_ids_ascend_within_an_era(small: Path, name: str) -> None:
    """Ids are n and 15 hexadecimal digits, all different, ascending by byte within an era; eras ascend too."""
    frame = read(small, name)
    assert frame.index.is_unique
    assert all(re.fullmatch("n[0-9a-f]{15}", row_id) for row_id in frame.index)
    order = list(zip(frame["era"], (row_id.encode() for row_id in frame.index), strict=True))
    assert order == sorted(order)


def test_live_columns(small: Path) -> None:
    """live.parquet is era, data_type and int8 features, with no targets; its only era is X."""
    live = read(small, "live")
    assert list(live.columns[:2]) == ["era", "data_type"]
    assert list(live.columns[2:]) == feature_columns(live)
    assert live.shape == (200, 62)
    assert set(live["era"]) == {"X"}
    assert set(live["data_type"]) == {"live"}
    assert set(live[feature_columns(live)].dtypes) == {np.dtype("int8")}


def test_targets_in_live(small: Path, tmp_path: Path) -> None:
    """The older style of live.parquet has the targets at its end, all NaN, and is the same otherwise."""
    write_sample_round(tmp_path, **SMALL, targets_in_live=True)
    older, newer = read(tmp_path, "live"), read(small, "live")
    assert list(older.columns) == [*newer.columns, *TARGETS]
    assert older[TARGETS].isna().all(axis=None)
    assert set(older[TARGETS].dtypes) == {np.dtype("float32")}
    pd.testing.assert_frame_equal(older[newer.columns], newer)


@pytest.mark.parametrize("name", ["train", "validation"])
def test_history_columns(small: Path, name: str) -> None:
    """Training and validation have live's columns, then `target`, then the other targets in alphabetical order."""
    frame = read(small, name)
    assert list(frame.columns) == [*read(small, "live").columns, *TARGETS]
    assert TARGETS[1:] == sorted(TARGETS[1:])
    assert set(frame[feature_columns(frame)].dtypes) == {np.dtype("int8")}


def test_eras_and_data_types(small: Path) -> None:
    """Eras are strings of four digits in Numerai's ranges; the newest of validation are of data_type "test"."""
    train, validation = read(small, "train"), read(small, "validation")
    assert list(train["era"].unique()) == ["0001", "0192", "0383", "0574"]
    assert list(validation["era"].unique()) == ["0575", "1219", "1224", "1232"]
    assert set(train["data_type"]) == {"train"}
    kinds = validation.groupby("era")["data_type"].unique().map(list).to_dict()
    assert kinds == {"0575": ["validation"], "1219": ["validation"], "1224": ["test"], "1232": ["test"]}
    assert set(train.groupby("era").size()) == {100}


def test_feature_bins(learnable: Path) -> None:
    """A feature takes the values 0 to 4, each in about a fifth of the rows."""
    live = read(learnable, "live")
    values = live[feature_columns(live)].to_numpy()
    assert set(np.unique(values)) == {0, 1, 2, 3, 4}
    shares = np.stack([(values == value).mean(axis=0) for value in range(5)])
    np.testing.assert_allclose(shares.mean(axis=1), 0.2, atol=0.01)
    assert shares.min() > 0.1


def test_missing_features(learnable: Path) -> None:
    """Some features are 2 in every row of an early era, and none is so in a late one."""
    train = read(learnable, "train")
    constant = train.groupby("era")[feature_columns(train)].agg(lambda column: (column == 2).all()).sum(axis=1)
    assert constant["0001"] == 200 // 20
    assert set(constant[constant.index >= "0158"]) == {0}


def test_target_values(learnable: Path) -> None:
    """Each target takes five values, in each era in shares of 5, 20, 50, 20 and 5 percent."""
    train = read(learnable, "train")
    for name in TARGETS:
        assert set(train[name].dropna()) == {0, 0.25, 0.5, 0.75, 1}
    for _, era in train.groupby("era"):
        shares = era["target"].value_counts(normalize=True).sort_index()
        np.testing.assert_allclose(shares, [0.05, 0.2, 0.5, 0.2, 0.05], atol=0.002)


def test_main_target(small: Path) -> None:
    """`target` is target_ender_60, and is not simply the same as any other."""
    for name in ("train", "validation"):
        frame = read(small, name)
        pd.testing.assert_series_equal(frame["target"], frame["target_ender_60"], check_names=False)
        assert not any(frame["target"].equals(frame[other]) for other in set(TARGETS[1:]) - {"target_ender_60"})


def test_missing_targets(learnable: Path) -> None:
    """In training every target but the main one is sometimes NaN, jeremy most."""
    missing = read(learnable, "train")[TARGETS].isna().mean()
    assert missing["target"] == missing["target_ender_60"] == 0
    assert (missing.drop(["target", "target_ender_60"]) > 0).all()
    assert missing.idxmax() == "target_jeremy_60"


def test_targets_of_newest_eras(small: Path) -> None:
    """Of the "test" eras the older one has 20-day targets only, the newer one none."""
    validation = read(small, "validation")
    known = validation[TARGETS].notna().groupby(validation["era"]).mean()
    long = [name for name in TARGETS if not name.endswith("_20")]
    short = [name for name in TARGETS if name.endswith("_20")]
    assert (known.loc["1224", long] == 0).all()
    assert (known.loc["1224", short] > 0.9).all()
    assert (known.loc["1232"] == 0).all()
    assert validation.loc[validation["data_type"] == "validation", "target"].notna().all()


def test_live_benchmarks(small: Path) -> None:
    """The live benchmark models have live's ids in live's order, the string era first, and ranks."""
    benchmarks = read(small, "live_benchmark_models")
    assert list(benchmarks.columns) == ["era", "v53_lgbm_ender20", "v53_lgbm_ender60"]
    assert list(benchmarks.index) == list(read(small, "live").index)
    assert set(benchmarks["era"]) == {"X"}
    for column in benchmarks.columns[1:]:
        assert benchmarks[column].dtype == np.float64
        np.testing.assert_allclose(benchmarks[column].sort_values(), np.arange(1, 201) / 200)


def test_benchmarks_of_history(small: Path) -> None:
    """Benchmark models begin in era 0158; in validation they have every row, also of "test" eras."""
    train, validation = read(small, "train"), read(small, "validation")
    assert list(read(small, "train_benchmark_models").index) == list(train.index[train["era"] >= "0158"])
    assert list(read(small, "validation_benchmark_models").index) == list(validation.index)


def test_meta_model(small: Path) -> None:
    """The meta model covers the newest eras that have targets, without NaN."""
    meta = read(small, "meta_model")
    assert list(meta.columns) == ["era", "data_type", "numerai_meta_model"]
    assert set(meta["era"]) == {"1219"}
    assert set(meta["data_type"]) == {"validation"}
    assert meta["numerai_meta_model"].between(0, 1).all()


def test_example_predictions(small: Path) -> None:
    """The example predictions are a valid submission: id and prediction of every live row, within 0 and 1."""
    example = pd.read_csv(small / "live_example_preds.csv")
    assert list(example.columns) == ["id", "prediction"]
    assert list(example["id"]) == list(read(small, "live").index)
    assert example["prediction"].between(0, 1).all()
    assert example["prediction"].is_unique


def test_feature_names(full_world: sample_round.World) -> None:
    """The 3,555 names look like Numerai's: three words, 23 to 51 characters, an apostrophe in exactly two."""
    names = full_world.names
    assert len(set(names)) == len(names) == 3555
    assert all(re.fullmatch(r"feature_[a-z']+_[a-z']+_[a-z']+", name) for name in names)
    assert all(23 <= len(name) <= 51 for name in names)
    assert sum("'" in name for name in names) == 2


def test_feature_set_sizes(full_world: sample_round.World) -> None:
    """All groups and sets have the sizes of v5.3."""
    sizes = {name: len(set(members)) for name, members in full_world.sets.items()}
    assert sizes == {
        "small": 42, "medium": 780, "all": 3555, "fncv3_features": 400, "intelligence": 35, "charisma": 290,
        "strength": 135, "dexterity": 51, "constitution": 335, "wisdom": 140, "agility": 145, "serenity": 95,
        "sunshine": 325, "rain": 666, "midnight": 244, "faith": 372, "quantum": 807,
    }  # fmt: skip


def test_feature_sets_overlap(full_world: sample_round.World) -> None:
    """Sets are no neat tree: small is mostly outside medium, groups overlap, five features are in no group."""
    sets = {name: set(members) for name, members in full_world.sets.items()}
    assert len(sets["small"] & sets["medium"]) == 11
    assert sets["fncv3_features"] < sets["medium"] < sets["all"]
    assert len(sets["sunshine"] & sets["charisma"]) == 55
    assert len(sets["all"] - set().union(*(sets[group] for group in sample_round.GROUPS))) == 5


def test_order_of_features_json(small: Path) -> None:
    """small, medium and all are alphabetical; the parquet files have the same features in another order."""
    written = json.loads((small / "features.json").read_text())
    sets = written["feature_sets"]
    columns = feature_columns(read(small, "live"))
    assert all(sets[name] == sorted(sets[name]) for name in ("small", "medium", "all"))
    assert sets["fncv3_features"] != sorted(sets["fncv3_features"])
    assert sets["all"] == sorted(columns)
    assert sets["all"] != columns
    assert sorted(written["targets"]) == sorted(TARGETS)


def test_apostrophes(small: Path) -> None:
    """Names with an apostrophe reach the parquet files, and the first of them the set small."""
    columns = feature_columns(read(small, "live"))
    small_set = json.loads((small / "features.json").read_text())["feature_sets"]["small"]
    assert sum("'" in name for name in columns) == 2
    assert sample_round.APOSTROPHES[0] in small_set


@pytest.mark.parametrize("features", [20, 60, 333])
def test_fewer_features(features: int) -> None:
    """With fewer features the sets shrink, and small still differs from medium."""
    world = sample_round.invent_world(features)
    sizes = {name: len(members) for name, members in world.sets.items()}
    assert sizes["all"] == len(set(world.names)) == features
    assert 10 <= sizes["small"] <= sizes["medium"] < features
    assert set(world.sets["small"]) - set(world.sets["medium"])
    assert sizes["quantum"] == pytest.approx(features * 807 / 3555, abs=1)


def test_same_seed_same_bytes(small: Path, tmp_path: Path) -> None:
    """The same arguments give the same files, byte for byte."""
    write_sample_round(tmp_path, **SMALL)
    assert digests(tmp_path) == digests(small)


def test_another_seed(small: Path, tmp_path: Path) -> None:
    """Another seed changes every file."""
    write_sample_round(tmp_path, **SMALL, seed=1)
    one, other = digests(small), digests(tmp_path)
    assert [name for name in one if one[name] == other[name]] == []


def test_live_does_not_depend_on_history(small: Path, tmp_path: Path) -> None:
    """A round with another history has the same live files, so a model can be trained on more without a new round."""
    write_sample_round(tmp_path, **SMALL | {"eras": 6, "rows_per_era": 50})
    for name in ("live.parquet", "live_benchmark_models.parquet", "features.json", "live_example_preds.csv"):
        assert (tmp_path / name).read_bytes() == (small / name).read_bytes()


def test_linear_signal(learnable: Path) -> None:
    """What a linear model learns in training holds in every validation era."""
    train, validation = read(learnable, "train"), read(learnable, "validation")
    features = feature_columns(train)
    weights, *_ = np.linalg.lstsq(train[features] - 2.0, train["target"] - 0.5, rcond=None)
    validation["prediction"] = (validation[features] - 2.0) @ weights
    correlations = era_correlations(validation, "prediction", "target")
    assert correlations.mean() > 0.05
    assert correlations.min() > 0


@pytest.mark.parametrize("column", ["v53_lgbm_ender20", "v53_lgbm_ender60"])
def test_benchmark_signal(learnable: Path, column: str) -> None:
    """A benchmark model correlates with its target, far less than perfectly, and so does the meta model."""
    joined = read(learnable, "validation_benchmark_models").join(read(learnable, "validation")[TARGETS])
    target = f"target_ender_{column[-2:]}"
    assert 0.05 < era_correlations(joined, column, target).mean() < 0.3
    meta = read(learnable, "meta_model").join(read(learnable, "validation")[TARGETS])
    assert 0.05 < era_correlations(meta, "numerai_meta_model", "target").mean() < 0.3


@pytest.mark.parametrize(
    "wrong", [{"features": 19}, {"eras": 1}, {"eras": 575}, {"rows": 0}, {"rows_per_era": 0}], ids=str
)
def test_impossible_rounds(tmp_path: Path, wrong: dict[str, int]) -> None:
    """A round that cannot be is refused before anything is written."""
    with pytest.raises(ValueError, match=r"sample round needs|room for"):
        write_sample_round(tmp_path / "round", **SMALL | wrong)
    assert not (tmp_path / "round").exists()


def test_command_line(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The command writes what the function writes, and lists the files."""
    numbers = ["--rows", "200", "--features", "60", "--eras", "4", "--rows-per-era", "100"]
    monkeypatch.setattr(sys, "argv", ["sample_round", str(tmp_path), *numbers])
    sample_round.main()
    assert digests(tmp_path) == digests(small)
    printed = capsys.readouterr().out
    assert all(str(path) in printed for path in tmp_path.iterdir())


@pytest.mark.parametrize("options", [[], ["--legacy"]], ids=["two arguments", "legacy"])
def test_example_model(learnable: Path, tmp_path: Path, options: list[str]) -> None:
    """The example script's pickle predicts the round's live rows, and names no folder of this machine."""
    pytest.importorskip("lightgbm")
    script = REPOSITORY / "examples" / "train_example_model.py"
    path = tmp_path / "model.pkl"
    done = subprocess.run(
        [sys.executable, str(script), str(learnable), str(path), *options], capture_output=True, text=True, check=True
    )
    learned = re.search(r"this model\s+(\S+)", done.stdout)
    assert learned
    assert float(learned[1]) > 0.03
    assert path.stat().st_size < 300_000
    assert str(REPOSITORY).encode() not in path.read_bytes()
    import cloudpickle

    arguments = [read(learnable, "live"), read(learnable, "live_benchmark_models")][: 1 if options else 2]
    predictions = cloudpickle.loads(path.read_bytes())(*arguments)
    assert list(predictions.columns) == ["prediction"]
    assert list(predictions.index) == list(arguments[0].index)
    assert predictions["prediction"].max() == 1
