"""Run by an interpreter, with cloudpickle or dill on its path: pickle functions of every kind, as users write them.

    python3.12 make_corpus.py FOLDER PREFIX [dill]

Writes FOLDER/PREFIX-KIND.pkl, and FOLDER/PREFIX.json with the signature of each, as `inspect.signature` has it.
"""

import functools
import inspect
import json
import pickle
import sys
from pathlib import Path

CONSTANT = 3


def plain(live_features):
    return live_features


def adds(live_features):
    return live_features + live_features


def uses_global(live_features, live_benchmark_models):
    return live_features * CONSTANT + len(live_benchmark_models)


def with_default(live_features, weight=2, *, by="era"):
    return live_features, weight, by


def annotated(live_features: "int", live_benchmark_models: "int" = 0) -> "int":
    """Annotated, with a docstring."""
    return live_features


def varargs(*frames, **options):
    return frames, options


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
        return live_features * weight

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


KINDS = {
    "plain": plain,
    "adds": adds,
    "lambda": lambda live_features: live_features,
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
    "bound_method": Model().predict,
    "partial": functools.partial(with_default, weight=3),
    "partial_by_position": functools.partial(uses_global, 1),
}


def main() -> None:
    """Write the pickles."""
    folder, prefix = Path(sys.argv[1]), sys.argv[2]
    if sys.argv[3:] == ["dill"]:
        import dill

        dump = functools.partial(dill.dumps, recurse=True)
    else:
        import cloudpickle

        dump = cloudpickle.dumps
    signatures = {}
    for kind, function in KINDS.items():
        content = dump(function)
        assert callable(pickle.loads(content))
        (folder / f"{prefix}-{kind}.pkl").write_bytes(content)
        parameters = inspect.signature(function).parameters.values()
        signatures[kind] = [[one.name, one.kind.name, one.default is not one.empty] for one in parameters]
    (folder / f"{prefix}.json").write_text(json.dumps(signatures))


if __name__ == "__main__":
    main()
