"""The same attacks in real containers, under Docker's own seccomp profile: harness, targets and model are all inside.

They need an engine and the core image of one of the Pythons.
"""

import functools
import json
import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import urllib3
from attacks import ATTACKS, BY_NAME, IDENTITY, LANDLOCK, ORDINARY, PRIVILEGES, ROOT, SECCOMP, Result
from test_attacks import WITHOUT_LANDLOCK, explained

from numerai_predict.environments.directories import versions
from numerai_predict.sandbox.isolation import SIGNALS_SCOPED, _landlock_version

NAMES = [attack.name for attack in ATTACKS]

KINDS = {
    "root": ((), (IDENTITY,)),
    "an ordinary user": (("--user", "1000", "--cap-drop", "ALL", "--read-only", "--tmpfs", "/tmp"), (ORDINARY,)),
}
"""How the container is started, and what that brings besides what is there anywhere."""


@functools.cache
def engine_and_image() -> tuple[str, str, str]:
    """An engine that answers, an image that it has, and the folder of the image's packages; or the test is skipped."""
    for engine in ("docker", "/usr/bin/docker"):
        if not _answers(engine, "info"):
            continue
        for version in reversed(versions()):
            image = f"numerai_predict_py_{version.replace('.', '_')}:core"
            if _answers(engine, "image", "inspect", image):
                return engine, image, _packages(engine, image)
        pytest.skip("no core image")
    pytest.skip("no container engine answers")


def _packages(engine: str, image: str) -> str:
    script = (
        "import os, importlib.util; print(os.path.dirname(os.path.dirname(importlib.util.find_spec('pandas').origin)))"
    )
    command = [engine, "run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def _answers(*command: str) -> bool:
    try:
        return not subprocess.run(command, capture_output=True, timeout=20).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def run_in_container(options: Sequence[str], wanted: dict[str, Any], sample_round: Path) -> Result:
    """Make attacks in a container of its own."""
    engine, image, packages = engine_and_image()
    name = f"numerai-predict-attacks-{secrets.token_hex(4)}"
    command = [
        *(engine, "run", "--rm", "--name", name, "--network", "none", "--pids-limit", "1024", "--memory", "4g"),
        *("-v", f"{ROOT}:/repo:ro", "-v", f"{sample_round}:/round:ro"),
        *("-v", f"{Path(urllib3.__file__).parent}:{packages}/urllib3:ro"),  # the core images upload nothing
        *(*options, "--entrypoint", "python", image, "/repo/tests/attacks.py"),
        json.dumps({"sample_round": "/round", **wanted}),
    ]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=100)
    finally:
        subprocess.run([engine, "rm", "--force", name], capture_output=True)
    assert ended.returncode == 0, ended.stderr
    return Result(**json.loads(ended.stdout.splitlines()[-1]))


@pytest.fixture
def readable_round(sample_round: Path) -> Path:
    """The sample round, for a user of the container that is not ours."""
    sample_round.chmod(0o755)
    return sample_round


@pytest.mark.parametrize("kind", KINDS)
def test_attacks_work_in_a_container_where_nothing_is_confined(kind: str, readable_round: Path) -> None:
    """With --isolation off attacks succeed in a container, but for those that the container itself refuses."""
    names = [attack.name for attack in ATTACKS if not attack.ends_the_run]
    wanted = {"names": names, "filter": "", "flags": ["--isolation", "off"]}
    result = run_in_container(KINDS[kind][0], wanted, readable_round)

    assert result.exit_code == 0, result.stderr
    expected = {name for name in names if BY_NAME[name].is_open(KINDS[kind][1])}
    succeeded = {name for name in names if result.succeeded[name]}
    refused = {name for name in names if BY_NAME[name].may_fail}
    if IDENTITY in KINDS[kind][1]:  # not with --isolation off
        expected = {name for name in names if BY_NAME[name].is_open(())}
    assert succeeded <= expected, explained(succeeded - expected, result)
    assert expected - succeeded <= refused, explained(expected - succeeded - refused, result)


@pytest.mark.parametrize("landlock", [True, False], ids=["Landlock", "no Landlock"])
@pytest.mark.parametrize("kind", KINDS)
def test_attacks_in_a_container(kind: str, landlock: bool, readable_round: Path) -> None:
    """In a container those attacks succeed that the table calls open for its layers, no other."""
    if landlock and _landlock_version() < SIGNALS_SCOPED:
        pytest.skip(f"this kernel has Landlock {_landlock_version()}; the table is of version {SIGNALS_SCOPED}")
    options, brought = KINDS[kind]
    layers = (SECCOMP, PRIVILEGES, *brought, *([LANDLOCK] if landlock else []))
    closes_all = landlock or IDENTITY in layers
    flags = ["--isolation", "strict" if closes_all else "best-effort"]
    wanted = {"names": NAMES, "filter": "" if landlock else WITHOUT_LANDLOCK.hex(), "flags": flags}
    result = run_in_container(options, wanted, readable_round)

    assert result.exit_code == 0, result.stderr
    assert set(NAMES) <= set(result.said), "some were not made"
    expected = {name for name in NAMES if BY_NAME[name].is_open(layers)}
    succeeded = {name for name in NAMES if result.succeeded[name]}
    assert succeeded - expected == set(), explained(succeeded - expected, result)
    for name in expected - succeeded:
        assert BY_NAME[name].may_fail, explained({name}, result)
    assert result.open_warnings == (set() if closes_all else {"open_files", "open_processes"})


def test_a_container_has_sockets_for_process_pools() -> None:
    """In a container that has nothing of its host's, models get sockets within the machine, as some libraries need."""
    engine, image, _ = engine_and_image()
    command = [engine, "run", "--rm", "--network", "none", "-v", f"{ROOT}/src:/repo:ro", "-w", "/repo"]
    command += ["--entrypoint", "python", image, "-m", "numerai_predict", "doctor", "--isolation", "strict"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 0, ended.stderr
    assert "no network but sockets within this machine" in ended.stdout
