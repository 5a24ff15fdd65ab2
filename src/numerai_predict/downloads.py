"""What a run has to fetch: the model behind a URL, the files of Numerai's.

Apart from `datasets` and `models`, because a run on local files must not pay for what HTTP needs.
"""

import re
from collections.abc import Callable

from numerai_predict import cache, numerai_api, transfer
from numerai_predict.datasets import LIVE_FEATURES, is_local, not_parquet, open_data
from numerai_predict.failures import Failure
from numerai_predict.job import Job
from numerai_predict.local_files import LocalFile, receive
from numerai_predict.models import looked_at, open_model
from numerai_predict.redaction import is_url, without_query
from numerai_predict.transfer import Deadline, Progress, TransferFailed

_DATED_LIVE = re.compile(r"(v[\d.]+)/live_(\d+)\.parquet")


def fetch_model_and_live_features(
    job: Job, progress: Progress, notice: Callable[[str], None]
) -> tuple[LocalFile, LocalFile]:
    """Get both at the same time, each from where the job says.

    Raises:
        Failure: of the first one that cannot be had.
    """
    deadline = Deadline(job.transfer_timeout, notice)

    def model() -> LocalFile:
        return download_model(job.model, deadline, progress) if is_url(job.model) else open_model(job.model)

    def live_features() -> LocalFile:
        if is_local(job.dataset):
            return open_data(job.dataset, "--dataset")
        return download_live(job.dataset, job.round, deadline, progress)

    try:
        both = transfer.at_once(deadline, {"model": model, "data": live_features})
    except transfer.DeadlinePassed as passed:
        if "model" in passed.pending:
            raise Failure("model_not_fetched", url=without_query(job.model), problem=str(passed)) from None
        raise Failure("data_not_fetched", file=job.dataset, problem=str(passed)) from None
    return both["model"], both["data"]


def fetch_model(url: str, timeout: float, progress: Progress, notice: Callable[[str], None]) -> LocalFile:
    """Get the model behind a URL, and nothing else.

    Raises:
        Failure: it cannot be had within `timeout` seconds, or is no pickle.
    """
    deadline = Deadline(timeout, notice)
    try:
        return transfer.at_once(deadline, {"model": lambda: download_model(url, deadline, progress)})["model"]
    except transfer.DeadlinePassed as passed:
        raise Failure("model_not_fetched", url=without_query(url), problem=str(passed)) from None


def fetch_benchmark_models(job: Job, progress: Progress, notice: Callable[[str], None]) -> LocalFile:
    """Get the benchmark models from where the job says.

    Raises:
        Failure: they cannot be had.
    """
    deadline = Deadline(job.transfer_timeout, notice)
    action = {"benchmarks": lambda: download(job.benchmarks, deadline, progress)}
    try:
        return transfer.at_once(deadline, action)["benchmarks"]
    except transfer.DeadlinePassed as passed:
        raise Failure("data_not_fetched", file=job.benchmarks, problem=str(passed)) from None


def download_model(url: str, deadline: Deadline, progress: Progress) -> LocalFile:
    """Download the model file; it has no name on this machine.

    Raises:
        Failure: `model_not_fetched`, or `not_a_pickle`.
    """
    shown = without_query(url)
    try:
        model = receive(shown, lambda file: transfer.download(url, file, deadline, progress))
    except TransferFailed as error:
        raise Failure("model_not_fetched", url=shown, problem=str(error)) from None
    except OSError as error:
        raise Failure("model_not_fetched", url=shown, problem=f"it cannot be stored: {error.strerror}") from None
    return looked_at(model)


def download_live(name: str, round_number: int | None, deadline: Deadline, progress: Progress) -> LocalFile:
    """Download live features, of one certain round if its number is given.

    Raises:
        Failure: `wrong_round` if that round is not the open one, or the file is another's; see `download`.
    """
    if round_number is None:
        return download(name, deadline, progress)
    dated = _DATED_LIVE.fullmatch(name)
    if dated and int(dated[2]) != round_number:
        fix = f"Give --dataset {dated[1]}/live.parquet, or --round {dated[2]}."
        raise Failure("wrong_round", problem=f"{name} is not of round {round_number}", fix=fix)
    if (current := numerai_api.current_round(deadline)) != round_number:
        fix = "Wait for that round, or leave --round away to take the data of the open one."
        raise Failure("wrong_round", problem=f"Round {round_number} is not open, round {current} is", fix=fix)
    of_the_round = name.replace("/live.parquet", f"/live_{round_number}.parquet")
    if of_the_round != name and (url := numerai_api.dataset_url(of_the_round, deadline)):
        return _download(of_the_round, url, deadline, progress)
    return download(name, deadline, progress)


def download(name: str, deadline: Deadline, progress: Progress) -> LocalFile:
    """Download a file of a dataset, or take the copy of it that is still good.

    Raises:
        Failure: `usage` if there is no such file, `api_failed` or `data_not_fetched`.
    """
    url = numerai_api.dataset_url(name, deadline)
    if url is None:
        fix = f"Check the name; {LIVE_FEATURES} is one."
        raise Failure("usage", problem=f"Numerai has no file {name}.", fix=fix)
    return _download(name, url, deadline, progress)


def _download(name: str, url: str, deadline: Deadline, progress: Progress) -> LocalFile:
    try:
        return cache.fetch(name, url, deadline, progress, not_parquet)
    except TransferFailed as error:
        raise Failure("data_not_fetched", file=name, problem=str(error)) from None
    except OSError as error:
        raise Failure("data_not_fetched", file=name, problem=f"it cannot be stored: {error.strerror}") from None
