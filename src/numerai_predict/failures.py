"""Every way a run can fail: one closed list.

A failure is of one *kind*. The kind fixes its name, its exit code and whose fault it is; the sentences below are filled
from the evidence that the failure carries. The exit code alone tells an operator whom to ask:

    usage (2)
      usage                 2   the command line asks for something that cannot be
    the model's fault (10-39, what Numerai calls "Failed")
      not_a_pickle         10   the model file is something else
      truncated_pickle     11   the pickle ends in the middle
      missing_module       12   the pickle needs a module that the environment lacks
      load_raised          13   unpickling raised an exception
      not_callable         14   the pickle holds something that cannot be called
      wrong_signature      15   the function takes no argument, or more than two
      predict_raised       16   the function raised an exception
      exited_early         17   the model called sys.exit()
      no_result            18   the model's process ended before it returned
      crashed              19   the model's process was ended by a signal
      out_of_memory        20   the model needed more memory than the limit
      timed_out            21   the model ran longer than the limit
      too_many_processes   22   the model started more processes than the limit
      result_too_large     23   the predictions are larger than the limit
      broken_result        24   what came back is no result
      too_much_disk        25   the model wrote more files than the limit
      wrong_python         26   the pickle was made by another Python
      unsavable            27   the function cannot be saved as a pickle that would run
      wrong_output_type    30   the function returned something other than a DataFrame
      invalid_predictions  31   the predictions break a rule of a submission
    infrastructure (40-59, what Numerai calls "Error")
      data_unreadable      40   a data file cannot be used
      model_unreadable     41   the model file cannot be read
      worker_failed        42   the worker could not be started
      output_not_written   43   the predictions could not be written
      record_not_written   44   the record could not be written
      unsupported_platform 45   this operating system cannot run models
      api_failed           46   Numerai's API did not answer as it should
      data_not_fetched     47   a data file could not be downloaded
      model_not_fetched    48   the model could not be downloaded
      wrong_round          49   the data are not of the round that was asked for, or not of one round
      upload_failed        50   the store did not confirm the upload
      upload_refused       51   the store refused the upload
      not_confined         52   the model could not be kept from the rest of the machine
      no_environment       53   there is no environment of the Python that the model needs
    ours (70)
      internal             70   a fault of this program
    interrupted (130, 143)
      interrupted         130   Ctrl-C (SIGINT)
      terminated          143   SIGTERM, or SIGHUP: its terminal was closed
"""

from enum import Enum
from functools import partial
from typing import Any, NamedTuple


class Fault(Enum):
    """Whose fault a failure is, and so who has to act."""

    USAGE = "usage"
    MODEL = "model"
    INFRASTRUCTURE = "infrastructure"
    OURS = "ours"
    INTERRUPTED = "interrupted"


class Kind(NamedTuple):
    """One kind of failure; `cause` and `remedy` are sentences with the evidence's names in braces."""

    name: str
    exit_code: int
    fault: Fault
    cause: str
    remedy: str


def _usage(name: str, code: int, cause: str, remedy: str) -> Kind:
    return Kind(name, code, Fault.USAGE, cause, remedy)


def _model(name: str, code: int, cause: str, remedy: str) -> Kind:
    return Kind(name, code, Fault.MODEL, cause, remedy)


def _infrastructure(name: str, code: int, cause: str, remedy: str) -> Kind:
    return Kind(name, code, Fault.INFRASTRUCTURE, cause, remedy)


_PICKLE_A_FUNCTION = (
    "Write a function predict(live_features) or predict(live_features, live_benchmark_models) that returns a "
    "DataFrame, and pickle that function with cloudpickle.dump."
)

WRAP_IT = (
    "Wrap it in a function, def predict(live_features): return pd.DataFrame({'prediction': "
    "model.predict(live_features[features])}, index=live_features.index), and pickle the function."
)
"""The remedy for an estimator."""

_SEND_AGAIN = (
    "The predictions are at {path}; send them, with a new presigned POST if this one has expired, by "
    "`numerai-predict upload {path} --post_url ... --post_data ...`."
)

_KINDS = [
    # --- usage
    _usage("usage", 2, "{problem}", "{fix}"),
    # --- the model's fault: the pickle
    _model(
        "not_a_pickle",
        10,
        "{file} is not a pickle: {what}.",
        f"Give the file that cloudpickle.dump has written. {_PICKLE_A_FUNCTION}",
    ),
    _model(
        "truncated_pickle",
        11,
        "{file} is cut off: the pickle ends before its STOP opcode, after {size} bytes.",
        "Write it again inside a `with open(...)` block, so that it is closed, and compare sizes after every copy.",
    ),
    _model(
        "missing_module",
        12,
        "The model needs the module {module}, which this environment does not have.",
        "If {module} is your own, call cloudpickle.register_pickle_by_value({module}) before you pickle; "
        "if it is a package, use one that the environment holds.",
    ),
    _model(
        "load_raised",
        13,
        "Unpickling raised {exception}.",
        "Pickle the function with the Python and the library versions of this environment (Python {python}).",
    ),
    _model("not_callable", 14, "The pickle holds {what}, which cannot be called.", _PICKLE_A_FUNCTION),
    _model(
        "wrong_signature",
        15,
        "The function {signature} {problem}.",
        "Take live_features, or live_features and live_benchmark_models, and nothing else; "
        "put everything else into the function's globals: what functools.partial binds by name still counts.",
    ),
    # --- the model's fault: the run
    _model(
        "predict_raised",
        16,
        "The model raised {exception}.",
        "Call the function on the same data before you pickle it; the traceback above names the line.",
    ),
    _model(
        "exited_early",
        17,
        "The model called sys.exit({status}) while it was {phase}.",
        "Return the predictions and raise an exception when something is wrong; a model must not end its process.",
    ),
    _model(
        "no_result",
        18,
        "The model's process ended with exit status {status} while it was {phase}, before it returned anything.",
        "Look for os._exit() or for code that closes all file descriptors, in the model or in a library it uses.",
    ),
    _model(
        "crashed",
        19,
        "The model's process was ended by {signal} while it was {phase}.",
        "Make sure that the pickle was made with the Python and the library versions of this environment "
        "(Python {python}): code and compiled objects of other versions crash.",
    ),
    _model(
        "out_of_memory",
        20,
        "The model needed more than its {limit} of memory while it was {phase} ({how}).",
        "Use only the columns the model needs, float32 instead of float64, and fewer worker processes.",
    ),
    _model(
        "timed_out",
        21,
        "The model ran longer than its {limit} seconds and was still {phase}.",
        "Make it faster: fewer trees, fewer columns, nothing refitted inside the function.",
    ),
    _model(
        "too_many_processes",
        22,
        "The model started {count} processes; {limit} are allowed.",
        "Set n_jobs or the number of workers to the number of CPUs, and do not start processes in a loop.",
    ),
    _model(
        "result_too_large",
        23,
        "The model returned too much: {actual}; {limit} are allowed.",
        "Return one row per id of live_features, with the column `prediction` only.",
    ),
    _model(
        "broken_result",
        24,
        "What came back from the model's process is not a result: {problem}.",
        "Look for code that writes to file descriptors it did not open.",
    ),
    _model(
        "too_much_disk",
        25,
        "The model wrote {actual} of files; {limit} are allowed.",
        "Keep intermediate results in memory, and put what the model needs into the pickle.",
    ),
    _model(
        "wrong_python",
        26,
        "The model was made by Python {made}, and this is Python {python}: its functions are bytecode, which means "
        "something else here.",
        "Choose Python {made} for it, or make it again with Python {python}.",
    ),
    _model("unsavable", 27, "The function cannot be saved: {problem}.", "{fix}"),
    # --- the model's fault: the predictions
    _model(
        "wrong_output_type",
        30,
        "The function returned {what}, not a DataFrame.",
        "Return pd.DataFrame({{'prediction': values}}, index=live_features.index).",
    ),
    _model(
        "invalid_predictions",
        31,
        "The predictions are not a valid submission: {violations}.",
        "{fix}",
    ),
    # --- infrastructure
    _infrastructure("data_unreadable", 40, "The data file {file} cannot be used: {problem}.", "{fix}"),
    _infrastructure(
        "model_unreadable",
        41,
        "The model file {file} cannot be read: {problem}.",
        "Check that the file is there and that this user may read it.",
    ),
    _infrastructure("worker_failed", 42, "The process that runs the model could not be used: {problem}.", "{fix}"),
    _infrastructure(
        "output_not_written",
        43,
        "The predictions could not be written to {path}: {problem}.",
        "Give another --output_dir, or make room and run again.",
    ),
    _infrastructure(
        "record_not_written",
        44,
        "The record could not be written to {path}: {problem}. {predictions}",
        "Give another --record, or make room and run again.",
    ),
    _infrastructure(
        "unsupported_platform",
        45,
        "Models cannot be run on {platform}.",
        "Use the container, or on Windows the Windows Subsystem for Linux (WSL2).",
    ),
    _infrastructure(
        "api_failed",
        46,
        "Numerai's API at {host} did not say {what}: {problem}.",
        "Try again in a minute; if it stays, check the network, the proxy and NUMERAI_API_URL, or give local files.",
    ),
    _infrastructure(
        "data_not_fetched",
        47,
        "The data file {file} could not be downloaded: {problem}.",
        "Try again in a minute; if it stays, check the network and the proxy, or download it by hand.",
    ),
    _infrastructure(
        "model_not_fetched",
        48,
        "The model at {url} could not be downloaded: {problem}.",
        "Try again with a new presigned URL.",
    ),
    _infrastructure("wrong_round", 49, "{problem}.", "{fix}"),
    _infrastructure(
        "upload_failed",
        50,
        "{host} did not confirm the upload: {problem}.",
        _SEND_AGAIN,
    ),
    _infrastructure(
        "upload_refused",
        51,
        "{host} refused the upload: {problem}.",
        _SEND_AGAIN,
    ),
    _infrastructure("not_confined", 52, "Models are not run here: {problem}.", "{fix}"),
    _infrastructure(
        "no_environment",
        53,
        "There is no environment {version}: {problem}.",
        "Install what is missing, or run it in the container: --env image:3.XX.",
    ),
    # --- ours
    Kind(
        "internal",
        70,
        Fault.OURS,
        "numerai-predict itself failed: {exception}.",
        "Please report it with the output of --debug; the model is not to blame.",
    ),
    # --- interrupted
    Kind("interrupted", 130, Fault.INTERRUPTED, "Interrupted by Ctrl-C in the step {phase}.", "Run it again."),
    Kind("terminated", 143, Fault.INTERRUPTED, "Ended by {signal} in the step {phase}.", "Run it again."),
]

KINDS = {kind.name: kind for kind in _KINDS}
"""Every kind of failure, by name, in the order of the tree above."""


class Failure(Exception):
    """Why a run did not end with its predictions where they were asked to go.

    Args:
        name: one of `KINDS`.
        remedy: a sentence that fits better than the kind's own.
        evidence: what fills the kind's sentences, and whatever else a reader of the record wants to see (a traceback,
            for example). Plain data only: it is written to the record.

    Raises:
        KeyError: `name` is not a kind, or the evidence lacks a name that the sentences use.
    """

    def __init__(self, name: str, *, remedy: str | None = None, **evidence: Any) -> None:
        self.kind = KINDS[name]
        self.evidence = evidence
        self.cause = self.kind.cause.format(**evidence)
        self.remedy = remedy or self.kind.remedy.format(**evidence)
        super().__init__(self.cause, self.remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception pickles its text, from which this one cannot be made anew; process pools pickle exceptions.
        return partial(Failure, self.kind.name, remedy=self.remedy, **self.evidence), ()

    def __str__(self) -> str:
        return f"{self.cause} {self.remedy}"

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this failure."""
        return self.kind.exit_code


def internal(error: Exception) -> Failure:
    """Return the failure that an exception of ours is which nobody has foreseen."""
    import traceback

    return Failure("internal", exception=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())


def interruption(signal: str, phase: str, remedy: str | None = None) -> Failure:
    """Return the failure that an interruption is.

    Args:
        signal: its name, as "SIGINT".
        phase: the step that was going on.
        remedy: in place of running it again.
    """
    return Failure("interrupted" if signal == "SIGINT" else "terminated", remedy=remedy, signal=signal, phase=phase)
