"""Run pickled models for the Numerai Tournament.

This module imports nothing when it is loaded: the worker, which shares its process with a user's model, comes through
here, and so does every run of the command.
"""

__version__ = "0.1.0"

__all__ = ["Check", "Failure", "Prediction", "Reading", "__version__", "check", "inspect", "predict", "save"]


def __getattr__(name: str) -> object:
    if name in ("check", "inspect", "predict", "Prediction", "Reading"):
        from numerai_predict import api

        return getattr(api, name)
    if name == "save":
        from numerai_predict.saving import save

        return save
    if name == "Check":
        from numerai_predict.report import Check

        return Check
    if name == "Failure":
        from numerai_predict.failures import Failure

        return Failure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
