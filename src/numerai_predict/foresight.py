"""What is known of a model before it is loaded, used where it counts: not to load it, and to say why a run failed."""

from numerai_predict.failures import Failure
from numerai_predict.pickles.inspection import Inspection

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


def explained(failure: Failure, inspection: Inspection | None, columns: list[str]) -> Failure:
    """Return the failure with a remedy that names its likely cause, if the pickle tells one.

    Args:
        failure: how the run failed.
        inspection: what the pickle says of itself.
        columns: those of the live features.
    """
    if failure.kind.name == "missing_module":
        return _part_of_a_package(failure)
    if inspection is None or failure.kind.name not in ("predict_raised", "crashed", "load_raised"):
        return failure
    remedy = _undefined(failure, inspection) or _missing_columns(failure, inspection, columns) or _in_main(inspection)
    return Failure(failure.kind.name, remedy=remedy, **failure.evidence) if remedy else failure


def _part_of_a_package(failure: Failure) -> Failure:
    """Of a package that is not there at all, Python names only the first part."""
    package, dot, _ = failure.evidence["module"].partition(".")
    if not dot:
        return failure
    remedy = (
        f"There is a {package} here, but one without that module, of another version: pickle the function with the "
        f"{package} of the environment that it is to run in."
    )
    return Failure("missing_module", remedy=remedy, **failure.evidence)


def _undefined(failure: Failure, inspection: Inspection) -> str | None:
    names = [name for name in inspection.undefined if f"name {name!r} is not defined" in str(failure.evidence)]
    if not names:
        return None
    return (
        f"Define or import {names[0]} in the program that pickles the function, before it does; nothing there does now."
    )


def _missing_columns(failure: Failure, inspection: Inspection, columns: list[str]) -> str | None:
    known = set(columns)
    missing = [name for name in inspection.columns if name.startswith("feature_") and name not in known]
    if not missing or "KeyError" not in str(failure.evidence.get("exception")):
        return None
    features = f"{len(missing)} feature{'s' if missing[1:] else ''}"
    examples = ", ".join(missing[:SHOWN]) + (", ..." if missing[SHOWN:] else "")
    return (
        f"The pickle names {features} that the data do not have ({examples}): "
        "give --dataset of the version that it was trained on, or train it on this one."
    )


def _in_main(inspection: Inspection) -> str | None:
    if not inspection.in_main:
        return None
    names = ", ".join(inspection.in_main[:SHOWN])
    return (
        f"The pickle only names {names} of the program that made it; write it with cloudpickle.dump, which includes it."
    )
