"""`numerai-predict demo`: a tour of an operator's run, with model, data and upload over HTTP.

Nothing leaves this machine: Numerai's API and the object store are played by `numerai_predict.stand_ins`.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

DESCRIPTION = (
    "Show what an operator gets: a run from Numerai to the confirmed upload, a failed upload, and the way back."
)

EPILOG = """\
examples:
  numerai-predict demo
"""

BUCKET, MODEL_KEY, PREDICTIONS_KEY = "demo", "models/model.pkl", "predictions/round-1334.csv"


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Declare the options of this command: none."""


def predict(live_features: Any, live_benchmark_models: Any) -> Any:
    """The model of the tour: half the rank of some features, half the mean of the benchmark models."""
    print(f"predicting {len(live_features)} rows")
    rank = live_features.iloc[:, 2:44].mean(axis=1).rank(pct=True, method="first")
    return ((rank + live_benchmark_models.iloc[:, 1:].mean(axis=1)) / 2).to_frame("prediction")


def run(_: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    from numerai_predict.stand_ins.numerai import Numerai
    from numerai_predict.stand_ins.s3 import S3

    try:
        import boto3  # noqa: F401  the presigned URLs are made as operators make them
        import cloudpickle
    except ImportError as error:
        print(f"The tour needs {error.name}: pip install {error.name}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, Numerai(_files(folder)) as numerai, S3(BUCKET) as s3:
        cloudpickle.register_pickle_by_value(sys.modules[__name__])
        s3.objects[BUCKET, MODEL_KEY] = cloudpickle.dumps(predict)
        return _Tour(folder, numerai, s3).show()


def _files(folder: str) -> dict[str, bytes]:
    """A sample round, as Numerai's files."""
    from numerai_predict.datasets import BENCHMARK_MODELS, LIVE_FEATURES
    from numerai_predict.sample_round import write_sample_round

    write_sample_round(Path(folder), rows=2000, features=300, eras=2, rows_per_era=100)
    return {name: Path(folder, Path(name).name).read_bytes() for name in (LIVE_FEATURES, BENCHMARK_MODELS)}


class _Tour:
    def __init__(self, folder: str, numerai: Any, s3: Any) -> None:
        self._folder, self._s3, self._client = folder, s3, s3.client()
        self._environment = os.environ | {"NUMERAI_API_URL": numerai.url, "XDG_CACHE_HOME": folder}

    def show(self) -> int:
        """Show each act; return 0 if every one came out as it should."""
        url = self._client.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": MODEL_KEY})
        model = ["predict", "--model", url, "--round", "1334", "--output_dir", self._folder]

        _say("1. The model by presigned GET, round 1334 from Numerai, the predictions by presigned POST.")
        good = self._command(*model, *self._presigned_post())
        csv = good.stdout.strip()
        same = self._stored() == Path(csv).read_bytes()
        _say(f"   The store has {'the bytes of the CSV' if same else 'something else'}; exit code {good.returncode}.")

        _say("2. The same, but the presigned POST has expired. The data are unchanged, so they are not fetched again.")
        del self._s3.objects[BUCKET, PREDICTIONS_KEY]
        bad = self._command(*model, *self._presigned_post(ExpiresIn=-60))
        (csv,) = (str(path) for path in Path(self._folder).glob("live_predictions-*.csv") if str(path) != csv)
        _say(f"   Nothing is stored, the predictions are on disk; exit code {bad.returncode}: infrastructure.")

        _say("3. A new presigned POST, and the same bytes go up. No model runs.")
        again = self._command("upload", csv, *self._presigned_post())
        same = same and self._stored() == Path(csv).read_bytes()
        _say(f"   The store has {'the bytes of the CSV' if same else 'something else'}; exit code {again.returncode}.")
        return 0 if same and (good.returncode, bad.returncode, again.returncode) == (0, 51, 0) else 1

    def _stored(self) -> bytes | None:
        content: bytes | None = self._s3.objects.get((BUCKET, PREDICTIONS_KEY))
        return content

    def _presigned_post(self, **options: Any) -> list[str]:
        form = self._client.generate_presigned_post(BUCKET, PREDICTIONS_KEY, **options)
        return ["--post_url", form["url"], "--post_data", urlencode(form["fields"])]

    def _command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        shown = [argument if len(argument) < 100 else argument[:60] + "..." for argument in arguments]
        _say(f"   $ numerai-predict {shlex.join(shown)}")
        command = [sys.executable, "-m", "numerai_predict", *arguments]
        return subprocess.run(command, env=self._environment, stdout=subprocess.PIPE, text=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
