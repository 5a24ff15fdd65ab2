"""What can be closed to a model on a machine, what that leaves open, and when nothing is run."""

import os
import sys

import pytest

from numerai_predict.failures import Failure
from numerai_predict.job import GIB, Limits
from numerai_predict.sandbox import isolation, messages
from numerai_predict.sandbox.isolation import Isolation, detect

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux confines, others do not")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Pretend to be on a machine that has this and lacks that."""

    def pretend(landlock=7, seccomp=True, same_user="", sockets=()):
        monkeypatch.setattr(isolation, "_landlock_version", lambda: landlock)
        monkeypatch.setattr(isolation, "_has_seccomp", lambda: seccomp)
        monkeypatch.setattr(isolation, "_why_same_user", lambda *_: same_user)
        monkeypatch.setattr(isolation, "_has_reachable_socket_file", lambda: False)
        monkeypatch.setattr(
            isolation, "_reachable_sockets", lambda abstract: [s for s in sockets if abstract or s[0] != "@"]
        )

    return pretend


@pytest.mark.parametrize(
    ("found", "gaps", "unix_sockets"),
    [
        ({}, [], True),
        ({"landlock": 0}, [], True),
        ({"landlock": 0, "sockets": ["@dbus"]}, [], False),
        ({"landlock": 6, "sockets": ["@dbus"]}, [], True),
        ({"sockets": ["/run/dbus/system_bus_socket"]}, [], False),
        ({"same_user": "not started as root"}, [], False),
        ({"same_user": "not started as root", "landlock": 9}, [], True),
        ({"same_user": "not started as root", "landlock": 5}, ["processes"], False),
        ({"same_user": "not started as root", "landlock": 0}, ["files", "processes"], False),
    ],
    ids=str,
)
def test_what_stays_open(machine, found, gaps, unix_sockets):
    """What is open, and whether sockets within the machine are allowed, follow from identity and Landlock's version."""
    machine(**found)

    got = detect("best-effort", sys.executable, "/tmp")
    assert [gap.what for gap in got.gaps] == gaps
    assert got.unix_sockets is unix_sockets
    assert got.landlock == found.get("landlock", 7)
    assert (got.uid >= 0) is not bool(found.get("same_user"))


def test_without_seccomp_nothing_is_run(machine):
    """A Linux kernel that filters no system calls runs no model, unless isolation is off."""
    machine(seccomp=False)

    with pytest.raises(Failure, match="seccomp") as caught:
        isolation.isolation("best-effort", sys.executable, "/tmp")
    assert caught.value.exit_code == 52
    assert isolation.isolation("off", sys.executable, "/tmp").order(Limits(), "/x") == messages.UNCONFINED


def test_strict_wants_all_closed(machine):
    """--isolation strict refuses where something stays open, and says what."""
    machine(same_user="not started as root", landlock=0)

    with pytest.raises(Failure, match="files of the user") as caught:
        isolation.isolation("strict", sys.executable, "/tmp")
    assert caught.value.kind.name == "not_confined"
    machine()
    assert isolation.isolation("strict", sys.executable, "/tmp").gaps == ()


def test_elsewhere_all_is_open(monkeypatch):
    """An operating system without any layer runs models unconfined, says so, and runs none with --isolation strict."""
    monkeypatch.setattr(sys, "platform", "darwin")

    found = isolation.isolation("best-effort", sys.executable, "/tmp")
    assert [gap.what for gap in found.gaps] == ["network", "files", "processes"]
    assert found.order(Limits(), "/x") == messages.UNCONFINED
    with pytest.raises(Failure, match="use the network"):
        isolation.isolation("strict", sys.executable, "/tmp")


def test_order(machine):
    """An order holds the limits, and the filter for this machine; the number of threads only for a user of its own."""
    machine()
    own = detect("best-effort", sys.executable, "/tmp")
    order = own.order(Limits(memory=3 * GIB, timeout=10), "/closed")

    assert order.uid in range(60_122, 60_122 + 4_096)
    assert (order.landlock, order.unix_sockets, order.closed_file) == (7, True, "/closed")
    assert order.limits["RLIMIT_DATA"] == 3 * GIB + isolation.RESERVED_DATA
    assert order.limits["RLIMIT_CPU"] == 10 * os.cpu_count() + 60
    assert "RLIMIT_NPROC" in order.limits
    assert len(order.payload) % 8 == 0
    assert len(order.payload) <= messages.FILTER_LIMIT
    assert "RLIMIT_NPROC" not in own._replace(uid=-1).order(Limits(), "/closed").limits


def test_a_closed_folder_keeps_the_user(tmp_path, monkeypatch):
    """Where another user could not reach the temporary directory, the worker stays the same user, and that is said."""
    monkeypatch.setattr(isolation, "_missing_capabilities", list)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "closed").mkdir(mode=0o700)

    assert "is closed to others" in isolation._why_same_user("/bin/sh", str(tmp_path / "closed"))
    assert isolation._why_same_user("/bin/sh", "/tmp") == ""


def test_reachable_sockets(tmp_path):
    """A socket that any user may connect to is found, one with closed rights is not, an abstract one if asked for."""
    import socket

    path, abstract = tmp_path / "s", f"@{tmp_path}"
    with socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as by_name:
        by_path.bind(str(path))
        by_path.listen()
        by_name.bind(abstract.replace("@", "\0"))
        by_name.listen()
        path.chmod(0o777)
        assert str(path) in isolation._reachable_sockets(abstract=False)
        assert abstract in isolation._reachable_sockets(abstract=True)
        assert abstract not in isolation._reachable_sockets(abstract=False)
        path.chmod(0o700)
        assert str(path) not in isolation._reachable_sockets(abstract=False)


def test_layers_are_named():
    """The record and `doctor` name each layer, and why one is missing."""
    found = Isolation("best-effort", -1, "not started as root", 0, True, False, ())

    assert found.layers == {
        "identity": "the same user (not started as root)",
        "landlock": "not in this kernel",
        "seccomp": "no network",
    }
