"""A sample round: invented files with the shape of Numerai's v5.3 data, to try a model without an account.

    python -m numerai_predict.sample_round DIR

writes what a round offers (`live.parquet`, `live_benchmark_models.parquet`, `live_example_preds.csv`, `features.json`)
and what a model is trained on (`train.parquet`, `validation.parquet`, their `_benchmark_models`, `meta_model.parquet`).
The same arguments give the same frames.

True to the real files: names, order and types of columns; ids ascending within an era, `id` the last column of each
parquet file; features 0..4 in five bins, all 2 in the eras before a feature existed; five values of a target in shares
of 5/20/50/20/5; missing targets; features.json with its 13 groups and the sets `small`, `medium`, `all` and
`fncv3_features`. And there is something to learn: hidden factors drive both features and targets.

Not true to them: few eras of few rows, so era numbers have gaps; 7 of 41 targets; two sets fewer
(`v2_equivalent_features` and `v3_equivalent_features`); targets far easier to predict than the market; all feature
names are invented.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = [
    "Part",
    "World",
    "benchmark_frame",
    "draw_part",
    "feature_frame",
    "invent_world",
    "write_live_round",
    "write_sample_round",
]

ROWS = 7_058
"""Rows of live data: what v5.3 had when it was last counted."""

FEATURES = 3_555
"""Features of v5.3; with fewer, all groups and sets shrink alike."""

ERAS = 12
"""Eras of training data: enough to learn from, and written in seconds. Validation has half as many."""

ROWS_PER_ERA = 800
"""Rows of each training and validation era; real eras have 3,000 to 7,300."""

TRAIN_ERAS = (1, 574)
"""First and last era of Numerai's training data."""

SCORED_ERAS = (575, 1219)
"""First and last validation era with a `target`, as of August 2026."""

TEST_ERAS = (1224, 1232)
"""Newer validation eras, `data_type` "test": the first has 20-day targets only, the last has no targets."""

FIRST_BENCHMARK_ERA = 158
"""Benchmark models have no predictions for earlier eras."""

FIRST_META_MODEL_ERA = 1133
"""The meta model has no predictions for earlier eras."""

GROUPS = {
    "serenity": 95, "dexterity": 51, "charisma": 290, "strength": 135, "intelligence": 35, "wisdom": 140,
    "agility": 145, "constitution": 325, "sunshine": 245, "rain": 666, "midnight": 244, "faith": 372, "quantum": 807,
}  # fmt: skip
"""Group of features -> how many it brings, in file order. They add up to 3,550: five features are in no group."""

SHARED = {
    "sunshine": {"charisma": 55, "serenity": 20, "intelligence": 5},
    "constitution": {"charisma": 5, "strength": 5},
}
"""Group -> how many features of other groups it holds besides its own."""

SMALL, SMALL_IN_MEDIUM, MEDIUM, FNCV3 = 42, 11, 780, 400
"""Sizes of the sets. `small` is no subset of `medium`: they have 11 features in common."""

FEWEST = 10
"""No set becomes smaller than this when a round has few features."""

MAIN_TARGET = "target_ender_60"
"""The column `target` is a copy of this one."""

TARGETS = (
    "target_agnes_20",
    "target_cyrusd_20",
    "target_ender_20",
    MAIN_TARGET,
    "target_jasper_60",
    "target_jeremy_60",
)
"""Six of Numerai's forty targets besides `target`."""

MISSING_TARGETS = {MAIN_TARGET: 0.0, "target_jeremy_60": 0.06}
"""Share of NaN among training rows, where it is not 0.01. The main target is never missing there."""

TARGET_BINS = np.array([0.05, 0.25, 0.75, 0.95])
"""Where the ranks within an era are cut: 5, 20, 50, 20 and 5 percent get 0, 0.25, 0.5, 0.75 and 1."""

FEATURE_BINS = (-0.8416, -0.2533, 0.2533, 0.8416)
"""Where a standard normal value is cut into five equal parts."""

TARGET_SIGNAL = 0.3
"""Correlation of a target, before binning, with what the factors say of it."""

BENCHMARK_SIGNAL = 0.6
"""Correlation of a benchmark model with what could be known of its target."""

BENCHMARKS = {"v53_lgbm_ender20": 20, "v53_lgbm_ender60": 60}
"""Column of the benchmark files -> days its target looks ahead."""

FACTORS = 2 * len(GROUPS)
"""Hidden factors: two drive most of each group."""

CHUNK = 128
"""Features made at a time, so that the intermediate floats stay small."""

APOSTROPHES = ("feature_drowsy_amber_o'clock", "feature_rustic_whate'er_kettle")
"""Two of the real v5.3 names hold an apostrophe too. The first of these is in `small`."""

ADJECTIVES = (
    "amber", "ancient", "bashful", "boundless", "brackish", "chalky", "cheerful", "cobalt", "crooked", "dappled",
    "drowsy", "earnest", "faraway", "feathery", "frosted", "gallant", "glassy", "gracious", "hollow", "homespun",
    "humble", "jubilant", "knotted", "lakeside", "leathery", "lopsided", "luminous", "meandering", "mellow", "misty",
    "nimble", "northerly", "oaken", "orderly", "patient", "peppery", "plaited", "quiet", "rustic", "salted",
    "seafaring", "silvery", "sleepless", "sturdy", "sunlit", "tangled", "thrifty", "unhurried", "velvety", "windswept",
)  # fmt: skip
NOUNS = (
    "anvil", "archway", "bakery", "barometer", "bellows", "bramble", "causeway", "chestnut", "compass", "cottage",
    "drawbridge", "envelope", "ferryman", "fiddler", "gatepost", "glacier", "harbour", "haystack", "heron", "inkwell",
    "juniper", "kettle", "lantern", "lighthouse", "lumberyard", "marmalade", "meadow", "milestone", "mountaineer",
    "nightingale", "orchard", "otter", "pantry", "pebble", "quarry", "rainbarrel", "saddle", "schooner", "signpost",
    "sparrow", "teapot", "thimble", "toolshed", "umbrella", "viaduct", "wagon", "watermill", "weathervane",
    "windowsill", "workbench",
)  # fmt: skip

Floats = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class World:
    """What all files of a round agree on: the features, what drives them, and what drives the targets."""

    seed: int
    names: list[str]
    """The features, in the order of the parquet files."""
    sets: dict[str, list[str]]
    """`feature_sets` of features.json."""
    drivers: Ints
    """(2, features): the two factors behind each feature."""
    weights: Floats
    """(3, features): how much of a feature each of the two is, and how much is noise."""
    first_eras: Ints
    """(features,): the era from which a feature exists; before, it is 2 in all rows."""
    premiums: dict[int, Floats]
    """Days ahead -> (factors,): what each factor pays, on average over all eras."""


@dataclass(frozen=True)
class Part:
    """The rows of one file, era by era, with what is hidden behind them."""

    ids: list[str]
    eras: Ints
    """(rows,): era numbers; 0 is live."""
    data_types: list[str]
    factors: Floats
    """(factors, rows): standard normal."""
    noise: np.random.Generator
    """Whatever else of this part is random comes from here, in the order in which it is asked for."""


def scaled(size: int, features: int) -> int:
    """Return `size`, given for all 3,555 features, for a round that has `features` of them."""
    return round(size * features / FEATURES)


def invent_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` different names `feature_<adjective>_<adjective>_<noun>`, two of them with an apostrophe."""
    pairs = [f"{a}_{b}" for a in ADJECTIVES for b in ADJECTIVES if a != b]
    picks = rng.choice(len(pairs) * len(NOUNS), size=count, replace=False)
    names = [f"feature_{pairs[pick // len(NOUNS)]}_{NOUNS[pick % len(NOUNS)]}" for pick in picks]
    names[0], names[-1] = APOSTROPHES
    return names


def group_members(features: int, rng: np.random.Generator) -> dict[str, Ints]:
    """Return group -> positions of its features: a stretch of the file, and for two groups some of other groups."""
    bounds = [scaled(total, features) for total in np.cumsum([0, *GROUPS.values()])]
    own = {name: np.arange(*bounds[i : i + 2]) for i, name in enumerate(GROUPS)}
    members = dict(own)
    for name, others in SHARED.items():
        borrowed = [rng.choice(own[other], scaled(count, features), replace=False) for other, count in others.items()]
        members[name] = np.concatenate([own[name], *borrowed])
    return members


def feature_sets(names: list[str], groups: dict[str, Ints], rng: np.random.Generator) -> dict[str, list[str]]:
    """Return the sets of features.json: small, medium and all in alphabetical order, the others in another."""
    count = len(names)
    small, medium, fncv3 = (max(scaled(size, count), FEWEST) for size in (SMALL, MEDIUM, FNCV3))
    order = rng.permutation(np.arange(1, count)).tolist()
    common = round(small * SMALL_IN_MEDIUM / SMALL)
    # The first name has an apostrophe and is in `small` alone.
    small_picks = [0, *order[medium - common : medium - common + small - 1]]
    sets = {
        "small": sorted(names[i] for i in small_picks),
        "medium": sorted(names[i] for i in order[:medium]),
        "all": sorted(names),
        "fncv3_features": [names[i] for i in order[:fncv3]],
    }
    return sets | {name: [names[i] for i in positions] for name, positions in groups.items()}


def driving_factors(groups: dict[str, Ints], features: int, rng: np.random.Generator) -> Ints:
    """Return (2, features): a factor of the feature's own group, and any factor."""
    drivers = rng.integers(0, FACTORS, size=(2, features))
    for number, positions in enumerate(groups.values()):
        drivers[0, positions] = 2 * number + rng.integers(0, 2, size=len(positions))
    return drivers


def driving_weights(features: int, rng: np.random.Generator) -> Floats:
    """Return (3, features): weights of two factors and of noise, whose squares add up to 1."""
    first = rng.uniform(0.3, 0.8, features) * rng.choice([-1, 1], features)
    second = rng.uniform(0.1, 0.5, features) * rng.choice([-1, 1], features)
    return np.stack([first, second, np.sqrt(1 - first**2 - second**2)]).astype(np.float32)


def first_eras(features: int, rng: np.random.Generator) -> Ints:
    """Return (features,): 1 for most, for every twentieth feature a later era before benchmarks begin."""
    eras = np.ones(features, dtype=np.int64)
    late = rng.choice(features, size=features // 20, replace=False)
    eras[late] = rng.integers(2, FIRST_BENCHMARK_ERA, size=len(late))
    return eras


def invent_world(features: int = FEATURES, seed: int = 0) -> World:
    """Return the features of a sample round and what drives them. It is the same however many rows are drawn.

    Raises:
        ValueError: there are fewer than 20 features, too few for `small` and `medium` to differ.
    """
    if features < 2 * FEWEST:
        raise ValueError(f"a sample round needs at least {2 * FEWEST} features, not {features}")
    rng = np.random.default_rng([seed, 0])
    names = invent_names(features, rng)
    groups = group_members(features, rng)
    long, short = rng.standard_normal((2, FACTORS), dtype=np.float32)
    return World(
        seed=seed,
        names=names,
        sets=feature_sets(names, groups, rng),
        drivers=driving_factors(groups, features, rng),
        weights=driving_weights(features, rng),
        first_eras=first_eras(features, rng),
        premiums={60: long, 20: np.float32(0.8) * long + np.float32(0.6) * short},
    )


def draw_ids(rows: int, rng: np.random.Generator) -> list[str]:
    """Return `rows` different ids, "n" and 15 hexadecimal digits, ascending."""
    numbers: set[int] = set()
    while len(numbers) < rows:
        numbers.update(rng.integers(0, 16**15, size=rows - len(numbers)).tolist())
    return [f"n{number:015x}" for number in sorted(numbers)]


def draw_part(world: World, name: str, eras: list[int], rows_per_era: int) -> Part:
    """Return the rows of "train", "validation" or "live" (whose only era is 0). Each is drawn independently."""
    rng = np.random.default_rng([world.seed, 1 + ("train", "validation", "live").index(name)])
    return Part(
        ids=[row_id for _ in eras for row_id in draw_ids(rows_per_era, rng)],
        eras=np.repeat(eras, rows_per_era),
        data_types=["test" if era in TEST_ERAS else name for era in eras for _ in range(rows_per_era)],
        factors=rng.standard_normal((FACTORS, len(eras) * rows_per_era), dtype=np.float32),
        noise=rng,
    )


def eras_of(part: Part) -> Iterator[slice]:
    """Yield the rows of each era. All eras of a part have the same number of rows."""
    rows = int(np.count_nonzero(part.eras == part.eras[0]))
    for start in range(0, len(part.eras), rows):
        yield slice(start, start + rows)


def row_frame(part: Part) -> pd.DataFrame:
    """Return (rows, 2): era and data_type, strings; index `id`. Strings are objects, as in files of every pandas."""
    eras = [f"{era:04d}" if era else "X" for era in part.eras.tolist()]
    index = pd.Index(part.ids, name="id", dtype=object)
    return pd.DataFrame({"era": eras, "data_type": part.data_types}, index=index, dtype=object)


def feature_values(world: World, part: Part) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Return (features, rows), int8 0..4: a weighted sum of two factors and noise, cut into five equal parts."""
    values = np.empty((len(world.names), len(part.ids)), dtype=np.int8)
    for start in range(0, len(values), CHUNK):
        chunk = slice(start, start + CHUNK)
        first, second = world.drivers[:, chunk]
        one, two, rest = world.weights[:, chunk, np.newaxis]
        mixed = part.noise.standard_normal((len(first), len(part.ids)), dtype=np.float32) * rest
        mixed += part.factors[first] * one + part.factors[second] * two
        values[chunk] = sum((mixed > edge).view(np.int8) for edge in FEATURE_BINS)
    for rows in eras_of(part):
        era = part.eras[rows.start]
        if era:
            values[world.first_eras > era, rows] = 2
    return values


def feature_frame(world: World, part: Part) -> pd.DataFrame:
    """Return (rows, 2 + features): era and data_type, strings, then the features, int8 0..4; index `id`."""
    rows = row_frame(part)
    columns = pd.Index(world.names, dtype=object)
    features = pd.DataFrame(feature_values(world, part).T, index=rows.index, columns=columns)
    return pd.concat([rows, features], axis=1)


def signal(part: Part, rows: slice, premiums: Floats) -> Floats:
    """Return (rows,): what the factors say of one era, standardized. Pairs of factors matter as well as each alone."""
    factors = part.factors[:, rows]
    said = (factors * premiums[:, np.newaxis]).sum(axis=0)
    said += (factors[::2] * factors[1::2] * np.abs(premiums[::2, np.newaxis])).sum(axis=0)
    standardized: Floats = (said - said.mean()) / said.std()
    return standardized


def blend(said: Floats, share: float, noise: Floats) -> Floats:
    """Return a signal hidden in noise, with which it has the correlation `share`."""
    hidden: Floats = np.float32(share) * said + np.float32(np.sqrt(1 - share**2)) * noise
    return hidden


def ranks(values: Floats) -> Ints:
    """Return the rank of each value, from 0."""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")


def target_frame(world: World, part: Part) -> pd.DataFrame:
    """Return (rows, 7): `target` and six more, alphabetical, float32 of five values or NaN; index `id`."""
    index = pd.Index(part.ids, name="id", dtype=object)
    values = np.empty((len(TARGETS), len(part.ids)), dtype=np.float32)
    for rows in eras_of(part):
        drift = part.noise.standard_normal(FACTORS, dtype=np.float32) * np.float32(0.7)
        said = {days: signal(part, rows, premiums + drift) for days, premiums in world.premiums.items()}
        common, *own = part.noise.standard_normal((1 + len(TARGETS), rows.stop - rows.start), dtype=np.float32)
        for number, target in enumerate(TARGETS):
            noise = blend(common, 0.8, own[number])
            order = ranks(blend(said[int(target[-2:])], TARGET_SIGNAL, noise))
            values[number, rows] = np.searchsorted(TARGET_BINS, (order + 0.5) / len(order)) / 4
    frame = pd.DataFrame(values.T, index=index, columns=pd.Index(TARGETS, dtype=object))
    hide_targets(frame, part)
    frame.insert(0, "target", frame[MAIN_TARGET])
    return frame


def hide_targets(frame: pd.DataFrame, part: Part) -> None:
    """Put NaN where Numerai does not know a target: in places anywhere, and in the newest eras."""
    for target in TARGETS:
        hidden = part.noise.random(len(frame)) < MISSING_TARGETS.get(target, 0.01)
        unknown_from = TEST_ERAS[0] if target.endswith("_60") else TEST_ERAS[1]
        frame.loc[hidden | (part.eras >= unknown_from), target] = np.nan


def unknown_targets(part: Part) -> pd.DataFrame:
    """Return (rows, 7): the target columns that live files of older versions carry, float32, all NaN; index `id`."""
    index = pd.Index(part.ids, name="id", dtype=object)
    return pd.DataFrame(np.nan, index=index, columns=pd.Index(["target", *TARGETS], dtype=object), dtype=np.float32)


def guess(world: World, part: Part, days: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return (rows,), above 0 to 1: what a good model would predict, ranked within each era."""
    guessed = np.empty(len(part.ids))
    for rows in eras_of(part):
        noise = part.noise.standard_normal(rows.stop - rows.start, dtype=np.float32)
        order = ranks(blend(signal(part, rows, world.premiums[days]), BENCHMARK_SIGNAL, noise))
        guessed[rows] = (order + 1) / len(order)
    return guessed


def benchmark_frame(world: World, part: Part) -> pd.DataFrame:
    """Return (rows, 3): era, string, and two columns of float64 above 0 to 1; index `id`. No rows of early eras."""
    frame = row_frame(part).drop(columns="data_type")
    for column, days in BENCHMARKS.items():
        frame[column] = guess(world, part, days)
    return frame[(part.eras == 0) | (part.eras >= FIRST_BENCHMARK_ERA)]


def meta_model_frame(world: World, part: Part) -> pd.DataFrame:
    """Return (rows, 3): era, data_type, numerai_meta_model (float64 above 0 to 1), of the newest eras with a target."""
    frame = row_frame(part)
    frame["numerai_meta_model"] = guess(world, part, 60)
    return frame[(part.eras >= FIRST_META_MODEL_ERA) & (part.eras < TEST_ERAS[0])]


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as Numerai does: Arrow's defaults, and the index `id` as the last column."""
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=True), path)


def spread(first: int, last: int, count: int) -> list[int]:
    """Return `count` era numbers from `first` to `last`, evenly spread.

    Raises:
        ValueError: there are not as many.
    """
    if not 2 <= count <= last - first + 1:
        raise ValueError(f"from era {first:04d} to {last:04d} there is room for 2 to {last - first + 1}, not {count}")
    return [int(era) for era in np.linspace(first, last, count).round()]


def write_live(world: World, directory: Path, rows: int, targets_in_live: bool) -> None:
    """Write the files of the round itself."""
    part = draw_part(world, "live", [0], rows)
    live = feature_frame(world, part)
    if targets_in_live:
        live = pd.concat([live, unknown_targets(part)], axis=1)
    write_parquet(live, directory / "live.parquet")
    write_parquet(benchmark_frame(world, part), directory / "live_benchmark_models.parquet")
    example = pd.DataFrame({"id": part.ids, "prediction": guess(world, part, 20)})
    example.to_csv(directory / "live_example_preds.csv", index=False, lineterminator="\n")


def write_live_round(directory: str | Path, features: Sequence[str] = (), rows: int = ROWS, seed: int = 0) -> None:
    """Write only live.parquet and live_benchmark_models.parquet, (rows, 2 + FEATURES or more) and (rows, 3).

    Args:
        directory: where they go; made if need be.
        features: names that have to be among the columns; the others are invented.
    """
    world = invent_world(seed=seed)
    missing = [name for name in features if name not in set(world.names)]
    others = [name for name in world.names if name not in set(features)]
    dropped = set(others[max(0, len(others) - len(missing)) :])
    names = [*missing, *(name for name in world.names if name not in dropped)][: len(world.names)]
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    write_live(replace(world, names=names), directory, rows, targets_in_live=False)


def write_history(world: World, directory: Path, name: str, eras: list[int], rows_per_era: int) -> None:
    """Write the file "train" or "validation", its benchmark models, and with validation the meta model."""
    part = draw_part(world, name, eras, rows_per_era)
    frame = pd.concat([feature_frame(world, part), target_frame(world, part)], axis=1)
    write_parquet(frame, directory / f"{name}.parquet")
    write_parquet(benchmark_frame(world, part), directory / f"{name}_benchmark_models.parquet")
    if name == "validation":
        write_parquet(meta_model_frame(world, part), directory / "meta_model.parquet")


def write_sample_round(
    directory: str | Path,
    rows: int = ROWS,
    features: int = FEATURES,
    eras: int = ERAS,
    seed: int = 0,
    *,
    rows_per_era: int = ROWS_PER_ERA,
    targets_in_live: bool = False,
) -> None:
    """Write all files of a sample round into `directory`, which is made if need be.

    live.parquet is (rows, 2 + features). train.parquet is (eras * rows_per_era, 2 + features + 7). validation.parquet
    has the same columns for half as many eras (at least two), plus two eras of `data_type` "test". With
    `targets_in_live`, live.parquet has the 7 target columns too, all NaN, as older versions of the data.

    Raises:
        ValueError: there are fewer than 20 features, fewer than 2 or more than 574 eras, or no rows.
    """
    if min(rows, rows_per_era) < 1:
        raise ValueError("a sample round needs at least one row")
    directory = Path(directory)
    train_eras = spread(*TRAIN_ERAS, eras)
    validation_eras = [*spread(*SCORED_ERAS, max(2, eras // 2)), *TEST_ERAS]
    world = invent_world(features, seed)
    directory.mkdir(parents=True, exist_ok=True)
    sets = {"feature_sets": world.sets, "targets": [*TARGETS, "target"]}
    (directory / "features.json").write_text(json.dumps(sets), encoding="utf-8")
    write_live(world, directory, rows, targets_in_live)
    write_history(world, directory, "train", train_eras, rows_per_era)
    write_history(world, directory, "validation", validation_eras, rows_per_era)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m numerai_predict.sample_round",
        description="Write invented files with the shape of Numerai's v5.3 data. The same arguments give the same.",
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="where the files go; made if need be")
    numbers = [
        ("--rows", ROWS, "rows of live data"),
        ("--features", FEATURES, "features, 20 or more"),
        ("--eras", ERAS, "training eras, 2 to 574; validation has half as many"),
        ("--rows-per-era", ROWS_PER_ERA, "rows of each training and validation era"),
        ("--seed", 0, "another seed, other data"),
    ]
    for flag, default, meaning in numbers:
        parser.add_argument(flag, metavar="N", type=int, default=default, help=f"{meaning} (default: {default})")
    parser.add_argument("--targets-in-live", action="store_true", help="all-NaN targets in live.parquet, as in v5.0")
    return parser


def main() -> None:
    """Write a sample round and list its files."""
    parser = arguments()
    options = parser.parse_args()
    try:
        write_sample_round(**vars(options))
    except ValueError as error:
        parser.error(str(error))
    for path in sorted(options.directory.iterdir()):
        print(f"{path.stat().st_size:>12,}  {path}")


if __name__ == "__main__":
    main()
