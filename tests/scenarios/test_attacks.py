"""Every attack of the zoo, on every kind of machine: what is closed has to hold, and what is open has to be said.

And the other way round: where nothing is confined, the same attacks have to work, or their failing would prove nothing.
"""

import errno
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from attacks import (
    ATTACKS,
    BY_NAME,
    IDENTITY,
    LANDLOCK,
    LOWER,
    ORDINARY,
    PRIVILEGES,
    SECCOMP,
    Machine,
    Range,
    Result,
)
from conftest import ZOO, Run

from numerai_predict.sandbox import seccomp
from numerai_predict.sandbox.isolation import SIGNALS_SCOPED, _landlock_version
from numerai_predict.sandbox.seccomp import EPERM, PRETEND, Rule, Test
from numerai_predict.sandbox.syscalls import NUMBERS

Test.__test__ = False  # for pytest: it is none

ROOT_ONLY = "only root can make this machine"
NOBODY = 65_534

LANDLOCK_NUMBERS = {"landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446}
OTHER_NUMBERS = {"x86_64": {"prctl": 157, "capset": 126}, "aarch64": {"prctl": 167, "capset": 91}}


def outer_filter(*rules: Rule) -> bytes:
    """A filter around the command, as a container or another kernel may put it there."""
    machine = os.uname().machine
    with patch.dict(NUMBERS[machine], LANDLOCK_NUMBERS | OTHER_NUMBERS[machine]):
        return seccomp.program(rules, machine)


WITHOUT_LANDLOCK = outer_filter(Rule(" ".join(LANDLOCK_NUMBERS), errno.ENOSYS, "as gVisor answers"))


@dataclass(frozen=True)
class Combination:
    """A kind of machine, and which layers there are."""

    layers: tuple[str, ...]
    root: bool
    without_landlock: bool = False

    @property
    def closes_all(self) -> bool:
        """Whether models are run here in the strict mode."""
        return IDENTITY in self.layers or LANDLOCK in self.layers

    def machine(self, python: str, variables: dict[str, str]) -> Machine:
        """Such a machine; a reason to skip the test if it cannot be had."""
        is_root = os.geteuid() == 0
        if self.root and not is_root:
            pytest.skip(ROOT_ONLY)
        if LANDLOCK in self.layers and _landlock_version() < SIGNALS_SCOPED:
            pytest.skip(f"this kernel has Landlock {_landlock_version()}; the table is of version {SIGNALS_SCOPED}")
        machine = Machine(filter=WITHOUT_LANDLOCK if self.without_landlock else b"")
        if not self.root and is_root:
            machine.uid = NOBODY
        if machine.uid or IDENTITY in self.layers:
            machine.python, machine.variables = python, variables
        machine.open_temporary = IDENTITY in self.layers
        return machine


ANYWHERE = (SECCOMP, PRIVILEGES)

COMBINATIONS = {
    "same user, Landlock": Combination((*ANYWHERE, LANDLOCK, ORDINARY), root=False),
    "same user, root, Landlock": Combination((*ANYWHERE, LANDLOCK, LOWER), root=True),
    "same user": Combination((*ANYWHERE, ORDINARY), root=False, without_landlock=True),
    "same user, root": Combination((*ANYWHERE, LOWER), root=True, without_landlock=True),
    "own user, Landlock": Combination((*ANYWHERE, LANDLOCK, IDENTITY), root=True),
    "own user": Combination((*ANYWHERE, IDENTITY), root=True, without_landlock=True),
}


@pytest.fixture(scope="session")
def open_python(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """An interpreter with this one's libraries that every user may run, and the variables that it needs.

    A copy, if this one lies where only root gets to: then its packages have to lie elsewhere.
    """
    import pandas

    packages = Path(pandas.__file__).resolve().parents[1]
    for folder in (packages, Path(__file__)):
        if not _open_to_others(folder):
            pytest.skip(f"{folder} is closed to other users")
    if os.geteuid() or _open_to_others(Path(sys.executable).resolve()):
        return sys.executable, {}
    base, name = Path(sys.base_prefix), f"python{sys.version_info[0]}.{sys.version_info[1]}"
    copy = Path(f"/tmp/numerai-predict-{tmp_path_factory.getbasetemp().parent.name}-{os.getpid()}")
    (copy / "bin").mkdir(parents=True)
    python = copy / "bin" / "python"
    shutil.copy(Path(sys.executable).resolve(), python)
    leave_out = shutil.ignore_patterns("test", "tests", "site-packages", "idlelib", "ensurepip", "config-*", "*.a")
    shutil.copytree(base / "lib" / name, copy / "lib" / name, symlinks=True, ignore=leave_out)
    for library in (base / "lib").glob("libpython*.so*"):
        shutil.copy(library, copy / "lib", follow_symlinks=False)
    (copy / "lib" / name / "site-packages").mkdir()
    (copy / "lib" / name / "site-packages" / "packages.pth").write_text(f"{packages}\n")
    yield str(python), {"LD_LIBRARY_PATH": str(copy / "lib")}
    shutil.rmtree(copy)


def _open_to_others(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 for folder in [path, *path.parents])


def run_attacks(machine: Machine, names: list[str], sample_round: Path, *flags: str) -> Result:
    """Make attacks on a machine, all in one run."""
    with Range(machine, names, sample_round) as scene:
        return scene.run(*flags)


def explained(names: set[str], result: Result) -> dict[str, str]:
    """Some attacks, and what they said."""
    return {name: result.said.get(name, "nothing") for name in sorted(names)}


# --- the controls


def test_attacks_work_where_nothing_is_confined(sample_round: Path) -> None:
    """With --isolation off every attack that leaves the run alive succeeds, and a warning says so."""
    names = [attack.name for attack in ATTACKS if not attack.ends_the_run]
    result = run_attacks(Machine(), names, sample_round, "--isolation", "off")

    expected = {name for name in names if BY_NAME[name].is_open(())}
    succeeded = {name for name in names if result.succeeded[name]}
    assert succeeded <= expected, explained(succeeded - expected, result)
    for name in sorted(expected - succeeded):
        assert BY_NAME[name].may_fail, explained({name}, result)
        said = f"{name} proves nothing here, the machine itself refuses it: {BY_NAME[name].may_fail}"
        warnings.warn(f"{said} ({result.said.get(name)})", stacklevel=1)
    assert result.open_warnings == {"not_isolated"}
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize("name", [attack.name for attack in ATTACKS if attack.ends_the_run])
def test_attacks_that_end_the_run_work_where_nothing_is_confined(name: str, sample_round: Path) -> None:
    """With --isolation off each attack on the run itself succeeds."""
    everybody = name == "kills_everybody"
    if everybody and os.geteuid():
        pytest.skip("it would end every process of this user, and only root can make it a world of its own")
    memory = ("--memory", "1GB") if name == "hoards_memfd" else ()
    result = run_attacks(Machine(alone=everybody), [name], sample_round, "--isolation", "off", *memory)

    assert result.succeeded[name], explained({name}, result)


# --- the attacks


@pytest.mark.parametrize("kind", COMBINATIONS)
def test_attacks(kind: str, open_python: tuple[str, dict[str, str]], sample_round: Path) -> None:
    """Of all attacks those succeed that the table calls open, no other; and each has its warning."""
    combination = COMBINATIONS[kind]
    machine = combination.machine(*open_python)
    mode = "strict" if combination.closes_all else "best-effort"
    names = [attack.name for attack in ATTACKS]
    result = run_attacks(machine, names, sample_round, "--isolation", mode)

    assert result.exit_code == 0, result.stderr
    assert len(result.delivered) == 1
    assert set(names) <= set(result.said), "some were not made"
    expected = {name for name in names if BY_NAME[name].is_open(combination.layers)}
    succeeded = {name for name in names if result.succeeded[name]}
    assert succeeded - expected == set(), explained(succeeded - expected, result)
    for name in expected - succeeded:
        assert BY_NAME[name].may_fail, explained({name}, result)
    warned = {f"open_{BY_NAME[name].on}" for name in expected if not BY_NAME[name].without_warning}
    assert result.open_warnings == warned
    shown = "secrets_shown" in {warning["code"] for warning in result.record["warnings"]}
    assert shown == (LANDLOCK not in combination.layers), "of the shell around the run, which shows its arguments"
    layers = result.record["isolation"]["layers"]
    assert layers["identity"].startswith("user ") == (IDENTITY in combination.layers)
    assert layers["landlock"].startswith("version ") == (LANDLOCK in combination.layers)


@pytest.mark.parametrize("mode", ["off", "strict"])
def test_sockets_of_another_network(mode: str, open_python: tuple[str, dict[str, str]], sample_round: Path) -> None:
    """A socket of the host's, mounted into a container, is not listed there: it is out of reach all the same."""
    machine = COMBINATIONS["own user"].machine(*open_python)
    machine.own_network = True
    names = ["connects_unix_path", "sends_from_datagram_pair"]
    result = run_attacks(machine, names, sample_round, "--isolation", mode, "--transfer_timeout", "1s")

    assert len(result.delivered) == 1, result.stderr
    assert result.succeeded == dict.fromkeys(names, mode == "off")


# --- machines on which no model is run

REFUSING = {
    "no seccomp": (Rule("seccomp", errno.ENOSYS, ""), Rule("prctl", errno.EINVAL, "", (Test(0, 22),))),
    "seccomp is refused": (Rule("seccomp prctl", errno.EINVAL, "", (Test(0, 22),)),),
    "seccomp does nothing": (Rule("prctl", PRETEND, "", (Test(0, 22),)),),
    "capabilities stay": (Rule("capset", PRETEND, ""),),
    "Landlock does nothing": (Rule("landlock_restrict_self", PRETEND, ""),),
    "Landlock is refused": (Rule("landlock_restrict_self", EPERM, ""),),
}


@pytest.mark.parametrize("why", REFUSING)
def test_no_model_is_run_where_it_cannot_be_confined(why: str, sample_round: Path) -> None:
    """A machine that lacks a layer, or only pretends to have it, is found out before the model's first byte runs."""
    if why == "capabilities stay" and os.geteuid():
        pytest.skip("there are none to be given up")
    if "Landlock" in why and not _landlock_version():
        pytest.skip("this kernel has no Landlock")
    result = run_attacks(Machine(filter=outer_filter(*REFUSING[why])), ["sends_while_loading"], sample_round)

    assert result.exit_code == 52, result.stderr
    assert result.record["failure"]["kind"] == "not_confined"
    assert result.said == {}
    assert not result.succeeded["sends_while_loading"]
    assert result.delivered == []


def test_strict_refuses_where_something_is_open(sample_round: Path) -> None:
    """As the same user and without Landlock, no model is run in the strict mode, and the reasons are given."""
    machine = Machine(filter=WITHOUT_LANDLOCK)
    result = run_attacks(machine, ["sends_while_loading"], sample_round, "--isolation", "strict")

    assert result.exit_code == 52
    assert result.record["failure"]["kind"] == "not_confined"
    assert "files of the user" in result.stderr
    assert "this user's other programs" in result.stderr
    assert result.said == {}


# --- attacks on the machine's resources


def test_fork_bomb_is_seen_while_it_grows(pickled: Callable[[str], Path], run_predict: Callable[..., Run]) -> None:
    """A fork bomb is ended before it has reached its size: nothing keeps the supervisor from counting.

    In numbers of processes and not in seconds: how fast this machine forks is none of the supervisor's doing.
    """
    run = run_predict(pickled("forks_for_ever"))

    assert run.failure["kind"] == "too_many_processes"
    usage = run.record["ending"]["usage"]
    print(f"ended after {usage['seconds']:.1f} s, at {usage['processes']} processes")
    assert 64 < usage["processes"] < 256


def test_endless_printer_leaves_little(pickled: Callable[[str], Path], run_predict: Callable[..., Run]) -> None:
    """A model that prints for ever leaves a few kilobytes, on the screen and on the disk."""
    run = run_predict(pickled("prints_for_ever"), "--timeout", "2")

    assert run.failure["kind"] == "timed_out"
    assert len(run.stderr) < 50_000
    left = subprocess.run(["du", "-sk", run.temporary.parent], capture_output=True, text=True).stdout
    assert int(left.split()[0]) < 10_000, "kilobytes, of which the round's copies are most"


def test_every_attack_is_in_the_table() -> None:
    """Every file of the zoo that is an attack stands in the table, and says what it tries and what is seen."""
    files = sorted(ZOO.glob("attack_*.py"))
    assert {path.stem.removeprefix("attack_") for path in files} == set(BY_NAME)
    for path in files:
        tries, seen, *_ = path.read_text().splitlines()
        assert tries.startswith("# ")
        assert seen.startswith("# Seen: "), path
