"""Run by an interpreter, with a maker of pickles on its path: pickle functions of every kind, as users write them.

    python3.12 make_corpus.py FOLDER PREFIX cloudpickle|dill|joblib|pickle

Writes FOLDER/PREFIX-KIND.pkl, and FOLDER/PREFIX.json with the signature of each, as `inspect.signature` has it.
"""

import dataclasses
import enum
import functools
import inspect
import io
import json
import pickle
import sys
from pathlib import Path

CONSTANT = 3


def plain(live_features):
    return live_features


def adds(live_features):
    return live_features + live_features


def returns_constant(live_features):
    return 1


def passes(live_features):
    pass


def uses_global(live_features, live_benchmark_models):
    return live_features * CONSTANT + len(live_benchmark_models)


def with_default(live_features, weight=2, *, by="era"):
    return live_features.rank(weight).groupby(by)


def annotated(live_features: "int", live_benchmark_models: "int" = 0) -> "int":
    """Annotated, with a docstring."""
    return live_features.sum() + live_benchmark_models


def varargs(*frames, **options):
    return [frame.rank(**options) for frame in frames]


def nested(live_features):
    def inner(value):
        try:
            with open(value) as file:
                return [line for line in file if line]
        except OSError as error:
            raise ValueError(value) from error
        finally:
            print(value)

    return {key: inner(key) for key in live_features}


def generator(live_features):
    for value in live_features:
        yield value


def calls_with_stars(live_features):
    return plain(*[live_features], **{})


def imports_inside(live_features):
    import collections.abc

    return isinstance(live_features, collections.abc.Mapping)


def branches(live_features):
    total = 0
    for at, value in enumerate(live_features):
        if value > 0.5 and at % 2:
            total += value
        elif value is None:
            continue
        else:
            total -= 1
    while total > 10:
        total //= 2
    return total


def closure(weight):
    def predict(live_features):
        return live_features.rank() * weight

    return predict


def wrapped(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


class Model:
    """A callable, with a method."""

    weight = 2

    def __init__(self):
        self.bias = 1

    def __call__(self, live_features):
        return live_features * self.weight + self.bias

    def predict(self, live_features, live_benchmark_models):
        return self(live_features)


class Child(Model):
    """One that inherits its call."""

    def other(self):
        return 1


@dataclasses.dataclass
class Blend:
    """A dataclass, with a call."""

    weight: float = 2.0

    def __call__(self, live_features):
        return live_features * self.weight


class How(enum.Enum):
    """An enumeration, with a method."""

    MEAN = "mean"

    def predict(self, live_features):
        return getattr(live_features, self.value)()


KINDS = {
    "plain": plain,
    "adds": adds,
    "lambda": lambda live_features: live_features,
    "returns_constant": returns_constant,
    "passes": passes,
    "uses_global": uses_global,
    "with_default": with_default,
    "annotated": annotated,
    "varargs": varargs,
    "nested": nested,
    "generator": generator,
    "calls_with_stars": calls_with_stars,
    "imports_inside": imports_inside,
    "branches": branches,
    "closure": closure(2),
    "wrapped": wrapped(uses_global),
    "instance": Model(),
    "child": Child(),
    "dataclass": Blend(),
    "bound_method": Model().predict,
    "enum_method": How.MEAN.predict,
    "partial": functools.partial(with_default, weight=3),
    "partial_by_position": functools.partial(uses_global, 1),
}


UNNAMED = ("lambda", "closure", "wrapped")
"""What has no name in this file, which is all that pickle and joblib write."""

CANNOT = {"dill": ("enum_method",), "joblib": UNNAMED, "pickle": UNNAMED}
"""Kinds that a maker cannot pickle."""


def maker(name):
    """Return what turns an object into bytes."""
    if name == "dill":
        import dill

        return functools.partial(dill.dumps, recurse=True)
    if name == "joblib":
        import joblib

        return functools.partial(in_memory, joblib.dump)
    if name == "cloudpickle":
        import cloudpickle

        return cloudpickle.dumps
    return pickle.dumps


def in_memory(dump, what):
    """What a function writes to a file."""
    file = io.BytesIO()
    dump(what, file)
    return file.getvalue()


def main() -> None:
    """Write the pickles."""
    folder, prefix, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    dump = maker(name)
    signatures = {}
    for kind, function in KINDS.items():
        if kind in CANNOT.get(name, ()):
            continue
        content = dump(function)
        assert callable(pickle.loads(content))
        (folder / f"{prefix}-{kind}.pkl").write_bytes(content)
        parameters = inspect.signature(function).parameters.values()
        signatures[kind] = [[one.name, one.kind.name, one.default is not one.empty] for one in parameters]
    (folder / f"{prefix}.json").write_text(json.dumps(signatures))


if __name__ == "__main__":
    main()
