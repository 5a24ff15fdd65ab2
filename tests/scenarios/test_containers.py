"""`--env image:NAME`: the whole program in a container; its account and its predictions are taken out here.

They need an engine and the core image of one of the Pythons.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from conftest import ROOT, scrubbed_environment
from test_attacks_in_containers import engine_and_image

from numerai_predict.environments.directories import versions
from numerai_predict.sample_round import write_sample_round


@pytest.fixture(scope="module")
def round_300(tmp_path_factory):
    """The round on which the test pickles were trained."""
    folder = tmp_path_factory.mktemp("round")
    write_sample_round(folder, rows=300, features=300, eras=2, rows_per_era=50)
    return folder


def run(version_of, round_300, tmp_path, *flags):
    """Run a test pickle in the image, of a Python chosen by the image's; return what happened, and the record."""
    engine, image, _ = engine_and_image()
    python = re.sub(r".*_py_3_(\d+):.*", r"3.\1", image)
    model = ROOT / f"tests/models/model_{version_of(python).replace('.', '_')}.pkl"
    command = [sys.executable, str(ROOT / "predict.py"), "--model", str(model), "--env", f"image:{image}", *flags]
    command += ["--dataset", str(round_300 / "live.parquet"), "--record", str(tmp_path / "record.json")]
    command += ["--benchmarks", str(round_300 / "live_benchmark_models.parquet")]
    command += ["--output", str(tmp_path / "predictions.csv")]
    path = f"{os.path.dirname(engine)}:{os.environ['PATH']}".lstrip(":")
    environment = scrubbed_environment() | {"PATH": path}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=110)
    record = json.loads((tmp_path / "record.json").read_text())
    jsonschema.validate(record, json.loads((ROOT / "docs/record.schema.json").read_text()))
    return ran, record


def test_predictions_come_out_of_a_container_as_they_were_judged_in_it(round_300, tmp_path):
    """A run in a container delivers the predictions here, with the container's versions and usage in the record."""
    ran, record = run(lambda python: python, round_300, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str(tmp_path / "predictions.csv")
    assert len(Path(ran.stdout.strip()).read_text().splitlines()) == 301
    assert record["environment"]["python"].startswith("3.")
    assert record["ending"]["usage"]["peak_memory"] > 50e6
    assert record["isolation"]["layers"]["seccomp"]
    assert [phase["name"] for phase in record["phases"]][-2:] == ["contain", "deliver"]


def test_a_failure_in_a_container_has_its_name_out_here(round_300, tmp_path):
    """A pickle of another Python than the image's fails with `wrong_python`, and leaves no file."""
    ran, record = run(lambda python: next(one for one in versions() if one != python), round_300, tmp_path)
    assert ran.returncode == 26
    assert record["failure"]["kind"] == "wrong_python"
    assert not (tmp_path / "predictions.csv").exists()


def test_an_image_that_is_not_there_is_said(start_predict, pickled):
    """Where no engine has the image, that is said in a sentence, with what to do."""
    ran = start_predict(pickled("good"), "--env", "image:no-such-image:here").finish()
    assert ran.exit_code == 53
    assert "no-such-image:here" in ran.stderr
    assert "--env auto" in ran.stderr
