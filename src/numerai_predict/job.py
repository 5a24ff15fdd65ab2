"""What is to be run, where its predictions go, and how much of the machine it may use. Plain data."""

from dataclasses import dataclass, field

GIB = 1024**3
MIB = 1024**2


@dataclass(frozen=True)
class Limits:
    """What a model may use. The defaults are the box in which Numerai runs uploaded models.

    Raises:
        ValueError: a limit is not above zero.
    """

    memory: int = 4 * GIB
    """Bytes that the model's whole process tree may hold."""

    timeout: float = 600.0
    """Seconds for loading the pickle and calling the function; downloads and start-up do not count."""

    cpus: int = 1
    """How many threads the model's libraries are told to use."""

    processes: int = 256
    """Processes that may be alive at once. Far above what thread pools and joblib start, far below a fork bomb."""

    disk: int = GIB
    """Bytes of files that may be there at once, in the private directory and in /dev/shm each."""

    result: int = 64 * MIB
    """Bytes of CSV text that may come back: some 250 times a full submission."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ValueError(f"the limit {name} must be above zero, not {value}")


@dataclass(frozen=True)
class Upload:
    """A presigned POST: where the predictions go. A secret, all of it but the host."""

    url: str
    fields: dict[str, str]
    """The form's fields, in their order."""


@dataclass(frozen=True)
class Job:
    """One model to run.

    A location is the path of a local file; for `model` also a URL; for the data also the name of one of Numerai's
    files, such as v5.3/live.parquet.
    """

    model: str
    dataset: str
    benchmarks: str
    round: int | None = None
    """The number of the round that the data have to be of; None takes what Numerai has."""

    output_dir: str = "/tmp"
    output: str | None = None
    """An exact file name for the predictions; without it, a new name inside `output_dir`."""

    upload: Upload | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    isolation: str = "best-effort"
    """How much of the machine has to be closed to the model: "strict", "best-effort" or "off"."""

    env: str = "current"
    """Where it runs: by the interpreter that runs this program ("current"); in an environment with what the box of a
    Python holds, made for the pickle ("3.12", or "auto" for the Python that fits it); by an interpreter of one's own
    (a path); or, with this program, in a container ("image:3.12", "image:NAME")."""

    transfer_timeout: float = 600.0
    """Seconds for all downloads together, and again for the upload, retries included."""
