"""Running a job in a container: this whole program runs in there, and here its account and its predictions are taken.

Out here stays what needs the network: the files are fetched before, the predictions are uploaded after.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from numerai_predict.environments import IMAGE, REGISTRY, directories
from numerai_predict.failures import Failure
from numerai_predict.job import Limits
from numerai_predict.local_files import LocalFile
from numerai_predict.record import Record
from numerai_predict.submission import Finding, Submission

ENGINES = ("docker", "podman")

INSIDE = "/numerai"
"""Where the files lie in the container."""

STEPS = ("  start ", "  round ", "  load ", "  predict ", "  judge ")
"""How the lines begin that tell of a step in there; the others happen out here as well."""

SPARE_MEMORY = 1024**3
"""Bytes for the program itself: the model's limit is watched inside, where what crosses it is told by name."""


def images(env: str) -> list[str]:
    """Return the images that "image:3.12" or "image:NAME" means, the best first: one's own, the published one."""
    name = env.removeprefix(IMAGE)
    if name not in directories.versions():
        return [name]
    name = f"numerai_predict_py_{name.replace('.', '_')}"
    return [f"{name}:latest", f"{REGISTRY}/{name}:stable", f"{REGISTRY}/{name}:latest"]


def engine_with(image: str) -> str | None:
    """Return the container engine that answers and has an image, or None."""
    for name in ENGINES:
        path = shutil.which(name)
        if path and not subprocess.run([path, "image", "inspect", image], capture_output=True).returncode:
            return path
    return None


def found(env: str) -> tuple[str, str]:
    """Return the engine and the image to run in.

    Raises:
        Failure: `no_environment`.
    """
    wanted = images(env)
    for image in wanted:
        if engine := engine_with(image):
            return engine, image
    problem = f"neither docker nor podman answers and has {' or '.join(wanted)}"
    fix = "Pull it, build it with `make build_3_XX` in a clone, or run without a container: --env auto."
    raise Failure("no_environment", version=wanted[0], problem=problem, remedy=fix)


def run_in_container(record: Record, model: LocalFile, live: LocalFile, benchmarks: LocalFile | None) -> Submission:
    """Run a job's model in the container that its `env` names; fill the record from the one that was made in there.

    Raises:
        Failure: the one with which it ended in there; `no_environment` if there is no such image, or no account came.
    """
    engine, image = found(record.job.env)
    with tempfile.TemporaryDirectory(prefix="numerai-predict-") as name:
        folder = Path(name)
        flags = _files(folder, model, live, benchmarks) + _limits(record.job.limits)
        flags += ["--isolation", record.job.isolation]
        said = _run(engine, image, folder, record, flags)
        try:
            account: dict[str, Any] = json.loads((folder / "out" / "record.json").read_bytes())
        except (OSError, ValueError):
            problem = f"it ended without an account: {said or 'it said nothing'}"
            raise Failure("no_environment", version=image, problem=problem) from None
        _take_over(record, account)
        if failure := account["failure"]:
            raise Failure(failure["kind"], remedy=failure["remedy"], **failure["evidence"])
        return _submission(account, (folder / "out" / "predictions.csv").read_bytes())


def _files(folder: Path, model: LocalFile, live: LocalFile, benchmarks: LocalFile | None) -> list[str]:
    """Put the files where the container sees them, and return the flags that name them in there.

    They are copied: an engine may be on another machine's side of a socket, and knows nothing of our descriptors.
    """
    (folder / "out").mkdir()
    (folder / "out").chmod(0o777)  # whoever the container's user is
    folder.chmod(0o755)
    flags = ["--output", f"{INSIDE}/out/predictions.csv", "--record", f"{INSIDE}/out/record.json"]
    for flag, file in (("--model", model), ("--dataset", live), ("--benchmarks", benchmarks)):
        if file is None:
            continue
        place = folder / flag.strip("-")
        place.mkdir()
        name = os.path.basename(file.path)  # its extension tells how it is compressed
        with open(place / name, "wb") as copy, open(os.dup(file.descriptor), "rb") as source:
            source.seek(0)
            shutil.copyfileobj(source, copy)
            source.seek(0)
        flags += [flag, f"{INSIDE}/{place.name}/{name}"]
    return flags


def _limits(limits: Limits) -> list[str]:
    return ["--memory", str(limits.memory), "--timeout", str(limits.timeout), "--cpus", str(limits.cpus)]


def _run(engine: str, image: str, folder: Path, record: Record, flags: list[str]) -> str:
    """Run the container to its end; pass on what it says, and return the last line of it."""
    limits, name = record.job.limits, f"numerai-predict-{os.urandom(6).hex()}"
    box = ["--network", "none", "--cpus", str(limits.cpus), "--memory", str(limits.memory + SPARE_MEMORY)]
    command = [engine, "run", "--rm", "--name", name, *box, "-v", f"{folder}:{INSIDE}:ro"]
    command += ["-v", f"{folder}/out:{INSIDE}/out", image, *flags]
    last = ""
    container = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    assert container.stderr is not None
    try:
        for line in container.stderr:
            last = line.strip() or last
            if line.startswith("model| "):
                record.listener.model_printed(line.removeprefix("model| ").rstrip("\n"))
            elif line.startswith(STEPS):
                record.listener.notice(line.strip())
    finally:
        container.stderr.close()
        if container.poll() is None:  # interrupted: the engine's command is not the container
            subprocess.run([engine, "kill", name], capture_output=True)
        container.wait()
    return last


def _take_over(record: Record, account: dict[str, Any]) -> None:
    """Put into the record what is known from the one that was written in the container."""
    record.environment = account["environment"]
    record.function = account["function"]
    record.rows, record.columns = account["round"]["rows"], account["round"]["columns"]
    record.warnings += [Finding(**{**one, "examples": tuple(one["examples"])}) for one in account["warnings"]]
    record.inside = account


def _submission(account: dict[str, Any], csv: bytes) -> Submission:
    """The predictions that were judged in the container.

    Raises:
        Failure: `broken_result`, if these are other bytes.
    """
    predictions = account["predictions"]
    if hashlib.sha256(csv).hexdigest() != predictions["sha256"]:
        raise Failure("broken_result", problem="the predictions are not the bytes that were judged in the container")
    return Submission(csv, predictions["rows"], predictions["extra_ids"], ())
