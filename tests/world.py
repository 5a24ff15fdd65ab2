"""What an operator's runs share: Numerai, a store, presigned URLs, and the command pointed at them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cloudpickle
import conftest  # which imports this module in turn
import pytest

from numerai_predict.stand_ins.numerai import Numerai
from numerai_predict.stand_ins.s3 import S3

LIVE, BENCHMARKS = "v5.3/live.parquet", "v5.3/live_benchmark_models.parquet"


def blend(live_features, live_benchmark_models):
    """A model that needs both files; always the same predictions."""
    ranks = live_features.iloc[:, 2:12].mean(axis=1).rank(pct=True, method="first")
    mean = live_benchmark_models.iloc[:, 1:].mean(axis=1)
    return ((ranks + mean) / 2).to_frame("prediction")


@dataclass(frozen=True)
class Result:
    """How a run of the command came out."""

    exit_code: int
    stdout: str
    stderr: str
    record: dict[str, Any] | None

    @property
    def kind(self) -> str | None:
        """The kind of failure, if it failed."""
        return self.record["failure"] and self.record["failure"]["kind"]


class World:
    """Numerai with a round, a store with a model and room for predictions, and a folder for each thing that is left.

    Args:
        folder: an empty folder.
        numerai: with the files of a round.
        s3: with the buckets "models" and "predictions".
        model: the pickled model.
    """

    def __init__(self, folder: Path, numerai: Numerai, s3: S3, model: bytes) -> None:
        self.folder, self.numerai, self.s3 = folder, numerai, s3
        self.output, self.cache, self.temporary = folder / "out", folder / "cache", folder / "tmp"
        for directory in (self.output, self.cache, self.temporary):
            directory.mkdir()
        s3.objects["models", "me/model.pkl"] = model
        self.variables: dict[str, str] = {}

    @property
    def stored(self) -> bytes | None:
        """What the store has of the predictions."""
        return self.s3.objects.get(("predictions", "round/me.csv"))

    @property
    def csvs(self) -> list[Path]:
        """The predictions on disk."""
        return sorted(self.output.glob("live_predictions-*"))

    def presigned(self, version: str = "s3v4", **options: Any) -> list[str]:
        """The flags for a model by presigned GET and an upload by presigned POST."""
        client = self.s3.client(version)
        model = client.generate_presigned_url("get_object", {"Bucket": "models", "Key": "me/model.pkl"})
        post = client.generate_presigned_post("predictions", "round/me.csv", **options)
        return ["--model", model, "--post_url", post["url"], "--post_data", urlencode(post["fields"])]

    def command(self, *flags: str) -> list[str]:
        """The command line of a run."""
        return [sys.executable, str(conftest.ROOT / "predict.py"), *flags, "--output_dir", str(self.output)]

    def environment(self) -> dict[str, str]:
        """The variables under which a run finds this world and nothing else."""
        own = {"NUMERAI_API_URL": self.numerai.url, "XDG_CACHE_HOME": str(self.cache), "TMPDIR": str(self.temporary)}
        return conftest.scrubbed_environment() | own | self.variables

    def run(self, *flags: str) -> Result:
        """Run the command to its end."""
        record = self.folder / "record.json"
        record.unlink(missing_ok=True)
        run = subprocess.run(
            self.command(*flags, "--record", str(record)),
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=conftest.RUN_DEADLINE,
        )
        assert os.listdir(self.temporary) == []
        content = json.loads(record.read_text()) if record.exists() else None
        return Result(run.returncode, run.stdout, run.stderr, content)


@pytest.fixture(scope="session")
def blend_pickle() -> bytes:
    """The model of `World`, pickled by value."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return cloudpickle.dumps(blend)


@pytest.fixture(scope="session")
def right_bytes(sample_round: Path) -> bytes:
    """The predictions of that model for the sample round, as the plain way makes them."""
    import pandas as pd

    frames = [pd.read_parquet(sample_round / name) for name in ("live.parquet", "live_benchmark_models.parquet")]
    return blend(*frames).to_csv().encode()


@pytest.fixture
def make_world(tmp_path: Path, sample_round: Path, blend_pickle: bytes) -> Iterator[Callable[[], World]]:
    """Make worlds, each with servers of its own, which end with the test."""
    from contextlib import ExitStack

    with ExitStack() as servers:

        def make() -> World:
            files = {name: (sample_round / Path(name).name).read_bytes() for name in (LIVE, BENCHMARKS)}
            folder = tmp_path / f"world{len(list(tmp_path.glob('world*')))}"
            folder.mkdir()
            numerai, s3 = servers.enter_context(Numerai(files)), servers.enter_context(S3("models", "predictions"))
            return World(folder, numerai, s3, blend_pickle)

        yield make


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    """One world."""
    return make_world()
