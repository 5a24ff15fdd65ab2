"""What is known of a model before it is loaded, used where it counts: not to load it, and to say why a run failed."""

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from numerai_predict.failures import Failure
from numerai_predict.pickles.inspection import BY_JOBLIB, Inspection
from numerai_predict.submission import Finding

if TYPE_CHECKING:
    from numerai_predict.compatibility import Mismatch

SHOWN = 5
"""Names that are given as examples."""


def refuse_wrong_python(inspection: Inspection, python: str) -> None:
    """Refuse what was made by another Python: it would crash, or worse, return something.

    Args:
        inspection: what the pickle says of itself.
        python: the worker's Python, as "3.12.1".

    Raises:
        Failure: `wrong_python`.
    """
    if not inspection.pythons:
        return  # it does not tell, or tells nothing that is certain
    version = ".".join(python.split(".")[:2])
    if version not in inspection.pythons and version in KNOWN:
        from numerai_predict.environments import directories

        boxes = directories.versions()
        remedy = None if {*inspection.pythons} & {*boxes} else f"Make it again with one of Python {', '.join(boxes)}."
        raise Failure("wrong_python", remedy=remedy, made=" or ".join(inspection.pythons), python=version)


KNOWN = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
"""Pythons whose bytecode is known; of a newer one nothing can be said."""


REPAIRED_CALL = "repaired_call"
"""The code of the warning that a call that fails in Numerai's box today goes well here."""

EXPLAINED = ("predict_raised", "crashed", "load_raised", "missing_module", "wrong_output_type")
"""Kinds of failure whose cause the pickle may tell."""


def missing_features(inspection: Inspection, columns: list[str], dataset: str) -> list[Finding]:
    """Return a warning if a pickle names features that the data do not have.

    Args:
        inspection: what the pickle says of itself.
        columns: those of the live features.
        dataset: where these came from: beside it there may be a features.json, of this version or of others.
    """
    missing = _not_among(columns, inspection)
    if not missing:
        return []
    sentence = f"The pickle names {_features(missing)} that the data do not have: {_examples(missing)}"
    if versions := _versions_with(set(missing), dataset):
        sentence += f"; {' and '.join(versions)} {'has' if len(versions) == 1 else 'have'} them all"
    return [Finding("columns_missing", len(missing), tuple(missing[:3]), f"{sentence}.")]


def repaired_call(inspection: Inspection) -> list[Finding]:
    """Return a warning if the function is called otherwise than Numerai's box would try to call it."""
    sentence = inspection.repaired_call
    return [Finding(REPAIRED_CALL, 1, (), sentence)] if sentence else []


def _not_among(columns: list[str], inspection: Inspection) -> list[str]:
    known = set(columns)
    return [name for name in inspection.columns if name not in known and name.startswith("feature_")]


def _versions_with(features: set[str], dataset: str) -> list[str]:
    """The versions of the data that have these features, by the features.json in the folders v5.2, v5.3, ..."""
    folder = os.path.dirname(os.path.abspath(os.path.expanduser(dataset)))
    above, found = os.path.dirname(folder), []
    try:
        names = sorted(name for name in os.listdir(above) if re.fullmatch(r"v\d+(\.\d+)*", name))
    except OSError:
        return []
    for name in names:
        path = os.path.join(above, name, "features.json")
        if not os.path.isfile(path):
            continue
        try:
            with open(path) as file:
                sets = json.load(file)["feature_sets"]
            if features <= {feature for features in sets.values() for feature in features}:
                found.append(name)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # it is something else
    return found


def _features(names: list[str]) -> str:
    return f"{len(names)} feature{'s' if names[1:] else ''}"


def _examples(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if names[SHOWN:] else "")


def explained(
    failure: Failure, inspection: Inspection | None, columns: list[str], installed: Callable[[], Mapping[str, str]]
) -> Failure:
    """Return the failure with a remedy that names its likely cause, if the pickle tells one.

    Args:
        failure: how the run failed.
        inspection: what the pickle says of itself.
        columns: those of the live features.
        installed: returns the versions of what the worker finds, by name, and of "Python"; asked if nothing else tells.
    """
    if inspection is None or failure.kind.name not in EXPLAINED:
        return failure
    if failure.kind.name == "wrong_output_type":
        from numerai_predict.verdict import call_reasons

        of_class = inspection.what.startswith("the class ")
        told = [one for one in call_reasons(inspection) if of_class or one.kind == failure.kind.name]
        return Failure(failure.kind.name, remedy=told[0].remedy if told else None, **failure.evidence)
    remedy = (
        _undefined(failure, inspection)
        or _of_another_version(failure, inspection)
        or _missing_columns(failure, inspection, columns)
        or _in_main(inspection)
        or _by_joblib(failure, inspection)
        or _device(failure, inspection)
        or _other_versions(failure, inspection, installed())
        or _part_of_a_package(failure)
    )
    return Failure(failure.kind.name, remedy=remedy, **failure.evidence) if remedy else failure


def _part_of_a_package(failure: Failure) -> str | None:
    """Of a package that is not there at all, Python names only the first part."""
    package, dot, _ = str(failure.evidence.get("module", "")).partition(".")
    if not dot:
        return None
    return (
        f"There is a {package} here, but one without that module, of another version: pickle the function with the "
        f"{package} of the environment that it is to run in."
    )


def _undefined(failure: Failure, inspection: Inspection) -> str | None:
    names = [name for name in inspection.undefined if f"name {name!r} is not defined" in str(failure.evidence)]
    if not names:
        return None
    return (
        f"Define or import {names[0]} in the program that pickles the function, before it does; nothing there does now."
    )


def _of_another_version(failure: Failure, inspection: Inspection) -> str | None:
    """Benchmark models bear the version of the data in their names: v52_lgbm_ender20 is one of v5.2, v5_... of v5.0."""
    exception = str(failure.evidence.get("exception"))
    for name in inspection.columns:
        match = re.match(r"v(\d)(\d*)_", name)
        if match and "KeyError" in exception and f"'{name}'" in exception:
            version = f"v{match[1]}.{match[2] or 0}"
            return (
                f"The benchmark model {name} is one of the dataset {version}: give --dataset {version}/live.parquet "
                f"--benchmarks {version}/live_benchmark_models.parquet, or use the benchmark models that are given."
            )
    return None


def _missing_columns(failure: Failure, inspection: Inspection, columns: list[str]) -> str | None:
    missing = _not_among(columns, inspection)
    if not missing or "KeyError" not in str(failure.evidence.get("exception")):
        return None
    return (
        f"The pickle names {_features(missing)} that the data do not have ({_examples(missing)}): "
        "give --dataset of the version that it was trained on, or train it on this one."
    )


def _in_main(inspection: Inspection) -> str | None:
    if not inspection.in_main:
        return None
    names = ", ".join(inspection.in_main[:SHOWN])
    return (
        f"The pickle does not hold {names}, only the name: write it with cloudpickle.dump, which includes it; what is "
        "under functools.lru_cache or functools.cache it writes by name as well: take that away."
    )


def _by_joblib(failure: Failure, inspection: Inspection) -> str | None:
    if inspection.problem != BY_JOBLIB or failure.kind.name != "load_raised":
        return None
    return f"Write it with cloudpickle.dump: {inspection.problem}."


def _device(failure: Failure, inspection: Inspection) -> str | None:
    from numerai_predict.compatibility import TO_THE_CPU  # here and below: a run that goes well does without

    if not inspection.devices or failure.kind.name != "load_raised":
        return None
    return f"Its tensors lie on {', '.join(inspection.devices)}, which is not here. {TO_THE_CPU}"


ODD = (
    "AttributeError",
    "ColumnNotFoundError",
    "ImportError",
    "ModuleNotFoundError",
    "NotImplementedError",
    "SystemError",
    "TypeError",
)
"""What a library raises that meets a state which it does not know. Of bad data it says other things."""

IMPORTED_AS = {"scikit-learn": "sklearn"}


def _other_versions(failure: Failure, inspection: Inspection, versions: Mapping[str, str]) -> str | None:
    """What the pickle was made with, and what is here, if that is what it stumbled over."""
    if inspection.one_of and failure.kind.name == "crashed":
        made = " or ".join(inspection.pythons or ())
        return (
            f"Its functions were made by Python {made}, and run only under the one that made them; "
            f"this is Python {versions.get('Python', '')}: make it again with that one."
        )
    from numerai_predict.compatibility import mismatches

    found = [one for one in mismatches(inspection, versions) if _tells(failure, one)]
    return f"{found[0].sentence} {found[0].remedy}" if found else None


def _tells(failure: Failure, mismatch: "Mismatch") -> bool:
    """Whether a failure looks as if it came of a mismatch: a model may fail for other reasons, in spite of it."""
    if failure.kind.name == "crashed":
        return True
    evidence = failure.evidence
    if failure.kind.name == "missing_module":
        return str(evidence["module"]) in mismatch.why  # not the user's own module, which is missing besides
    if failure.kind.name == "predict_raised" and not str(evidence.get("exception")).startswith(ODD):
        return False
    name = IMPORTED_AS.get(mismatch.library, mismatch.library)
    return mismatch.sure or name in f"{evidence.get('exception')} {evidence.get('traceback')}"
