"""`numerai-predict doctor`, as a process."""

import subprocess
import sys

import pytest
from conftest import ROOT, scrubbed_environment


def doctor(*flags: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    environment = scrubbed_environment() | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "numerai_predict", "doctor", *flags]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=90)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux confines, others do not")
def test_doctor():
    """It names every layer, what each thing that has to be closed is, and that a worker proved it."""
    result = doctor()

    assert result.returncode == 0, result.stderr
    for words in ("identity", "landlock", "seccomp", "the network", "other programs of this user", "proved it"):
        assert words in result.stdout
    assert "Traceback" not in result.stderr


def test_off_is_said():
    """With isolation off everything is open, and said to be."""
    result = doctor("--isolation", "off")

    assert result.returncode == 0
    assert result.stdout.count("OPEN") == 3
