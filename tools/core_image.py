"""A Python's image with the packages that its test pickles need, and no others: its Dockerfile with `ONLY` set.

Its tag is `core`, so that nobody takes it for the whole one. Where its base cannot be pulled, a look-alike is made.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

from numerai_predict.environments.directories import ROOT


def engine() -> str | None:
    """Return the container engine that answers."""
    for name in ("docker", "podman"):
        path = shutil.which(name)
        if path and _succeeds([path, "info"]):
            return path
    return None


def build(engine: str, version: str, requirements: Iterable[str]) -> str:
    """Build the image, and return its name.

    Raises:
        LookupError: its base can neither be pulled nor made here.
    """
    image = f"numerai_predict_py_{version.replace('.', '_')}:core"
    names = " ".join(line.partition("==")[0] for line in requirements)
    command = [engine, "build", *base(engine, version), "--build-arg", f"ONLY={names}", "--tag", image]
    command += ["--file", str(ROOT / f"py{version}" / "Dockerfile"), str(ROOT)]
    built = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if built.returncode:
        sys.exit(f"{image} cannot be built:\n{built.stdout}")
    return image


def base(engine: str, version: str) -> list[str]:
    """Return what `build` has to be told to find a base: nothing where the real one is, or can be pulled."""
    real, lookalike = f"docker.io/library/python:{version}-slim", f"lookalike:{version}"
    if _succeeds([engine, "image", "inspect", real]) or _succeeds([engine, "pull", real]):
        return []
    if not _succeeds([engine, "image", "inspect", lookalike]):
        here = os.path.dirname(sys.executable)  # its python3 has this package
        environment = os.environ | {"ENGINE": engine, "PATH": f"{here}:{os.environ['PATH']}"}
        script = ["sh", str(ROOT / "tools" / "lookalike_base.sh"), version]
        made = subprocess.run(script, env=environment, capture_output=True, text=True)
        if made.returncode:
            reason = made.stderr.strip().split("\n")[-1]
            raise LookupError(f"{real} can neither be pulled nor made here: {reason}")
    return ["--network", "host", "--build-arg", f"BASE={lookalike}"]


def _succeeds(command: list[str]) -> bool:
    return not subprocess.run(command, capture_output=True).returncode
