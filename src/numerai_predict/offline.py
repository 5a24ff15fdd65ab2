"""Where Numerai cannot be reached: a sample round that has the columns which a pickle names."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numerai_predict
from numerai_predict.failures import Failure

PATIENCE = 10.0
"""Seconds for Numerai's API to answer at all."""

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(numerai_predict.__file__)))

# In a process of its own: pandas takes a second and 100 MB, and the supervisor of a run has use for neither.
_WRITE = (
    "import json, sys; sys.path.insert(0, {folder!r}); from numerai_predict.sample_round import write_live_round; "
    "write_live_round(sys.argv[1], json.load(sys.stdin))"
)


def unreachable(name: str) -> Failure | None:
    """Return why Numerai's API cannot be asked for a file now; None if it answers."""
    from numerai_predict import numerai_api, transfer

    deadline = transfer.Deadline(PATIENCE, lambda _: None)
    try:
        transfer.at_once(deadline, {"data": lambda: numerai_api.dataset_url(name, deadline)})
    except Failure as failure:
        return failure
    except transfer.DeadlinePassed:
        problem = f"Numerai's API has not answered within {PATIENCE:.0f} s"
        return Failure("data_not_fetched", file=name, problem=problem)
    return None


def sample_round(named: tuple[str, ...]) -> tuple[str, str]:
    """Return live features and benchmark models of a sample round with these features, made once for each user.

    Raises:
        Failure: `usage` if there is no place for it, `data_unreadable` if it cannot be made.
    """
    import platformdirs

    features = [name for name in named if name.startswith("feature_")]
    content = json.dumps([numerai_predict.__version__, features])
    name = f"round-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    folder = Path(platformdirs.user_cache_dir("numerai-predict"), "sample", name)
    if not folder.exists():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"The folder {folder.parent}, for a sample round, cannot be made: {error.strerror}."
            raise Failure("usage", problem=problem, fix="Set XDG_CACHE_HOME to another folder.") from None
        making = folder.with_name(f".{name}-{os.urandom(4).hex()}")
        command = [sys.executable, "-c", _WRITE.format(folder=_FOLDER), str(making)]
        made = subprocess.run(command, input=json.dumps(features), capture_output=True, text=True)
        if made.returncode:
            problem = (made.stderr.strip().splitlines() or ["it cannot be made"])[-1]
            fix = "Give --dataset and --benchmarks."
            raise Failure("data_unreadable", file="the sample round", problem=problem, fix=fix)
        try:
            making.rename(folder)
        except OSError:
            if not folder.exists():  # another process was faster
                raise
    return str(folder / "live.parquet"), str(folder / "live_benchmark_models.parquet")
