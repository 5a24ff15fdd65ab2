"""Which versions of packages a worker finds: for a run that failed, as a run that went well need not know.

Asked of a fresh process of the worker's interpreter, which loads nothing of the user's: a model could forge what its
own process says.
"""

import json
import os
import subprocess

from numerai_predict.job import Limits
from numerai_predict.sandbox.launch import environment

_ASK = (
    "import sys; del sys.path[0]; import importlib.metadata, json; "  # not what lies in this folder
    "found = {one.metadata['Name']: one.version for one in importlib.metadata.distributions()}; "
    "print(json.dumps({'Python': '%d.%d.%d' % sys.version_info[:3], **found}))"
)

TIMEOUT = 60.0
"""Seconds; it takes a tenth of one."""


def installed(python: str, limits: Limits) -> dict[str, str]:
    """Return the versions of all packages, by their names as locks write them, and of "Python"; empty if that fails.

    Args:
        python: the worker's interpreter.
        limits: what the worker was started with.
    """
    try:
        run = subprocess.run(
            [python, "-c", _ASK], env=environment(limits, os.sep), capture_output=True, timeout=TIMEOUT, cwd=os.sep
        )
        found: dict[str, str] = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    return {name if name == "Python" else name.lower().replace("_", "-"): version for name, version in found.items()}
