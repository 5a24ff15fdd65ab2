"""What a pickle says of itself, read without running it."""

import pickle
from typing import Any, NamedTuple

from numerai_predict.pickles import bytecode, columns, functions, libraries
from numerai_predict.pickles.functions import Parameter
from numerai_predict.pickles.libraries import Library
from numerai_predict.pickles.structure import Structure, Stub, walk

RUNS_PROGRAMS = ("os", "posix", "nt", "subprocess", "pty", "multiprocessing", "ctypes", "shutil", "runpy", "importlib")
NETWORK = ("socket", "ssl", "http", "urllib", "urllib3", "requests", "ftplib", "smtplib", "boto3", "numerapi")
BUILTINS = ("eval", "exec", "compile", "open", "__import__", "input", "breakpoint")

_NEVER = frozenset(
    (
        "os.system",
        "os.popen",
        "os.remove",
        "os.unlink",
        "os.execv",
        "os.fork",
        "os.kill",
        "posix.system",
        "posix.fork",
        "nt.system",
        "subprocess.Popen",
        "subprocess.run",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "pty.spawn",
        "socket.socket",
        "socket.create_connection",
        "urllib.request.urlopen",
        "urllib.request.urlretrieve",
        "requests.get",
        "requests.post",
        "requests.api.get",
        "requests.api.post",
        "shutil.rmtree",
        "ctypes.CDLL",
        "runpy.run_path",
        "runpy.run_module",
        "builtins.eval",
        "builtins.exec",
        "builtins.compile",
        "builtins.open",
        "builtins.__import__",
        "builtins.input",
        "__builtin__.eval",
        "__builtin__.exec",
    )
)
"""Calls that no honest model makes while it is loaded: libraries' objects are made by their own constructors."""


BY_JOBLIB = "it was written by joblib.dump, which puts arrays between the parts of a pickle"


class Inspection(NamedTuple):
    """What a pickle says of itself. Nothing of it has been run."""

    size: int
    """Bytes, decompressed."""

    sha256: str
    """Of the file as it is; empty where nobody digested it."""

    protocol: int
    maker: str
    """What wrote it: "cloudpickle 3.0 or newer", "dill", "joblib", "pickle"."""

    complete: bool
    """Whether it ends with its STOP opcode."""

    problem: str = ""
    """Why it could not be read to its end; what was read until then is in the rest."""

    trailing: int = 0
    """Bytes behind its end, which nobody reads."""

    pythons: tuple[str, ...] | None = None
    """The Pythons under which all its functions run, as ("3.11", "3.12"); None if nothing in it tells."""

    one_of: bool = False
    """Whether it was made by one of `pythons`, it cannot be told which, and runs under that one only."""

    what: str = ""
    """What the pickle holds: "the function predict", "an instance of lightgbm.sklearn.LGBMRegressor"."""

    parameters: tuple[Parameter, ...] | None = None
    """Those of the function; None if only loading it tells."""

    load_globals: tuple[str, ...] = ()
    """What is looked up, and imported, when it is loaded, as "numpy.ndarray", in its order."""

    makes: tuple[str, ...] = ()
    """Those of them that it calls, or makes instances of; the others it only refers to."""

    load_modules: tuple[str, ...] = ()
    call_imports: tuple[str, ...] = ()
    """Modules that its functions import when they are called."""

    undefined: tuple[str, ...] = ()
    """Global names that functions use and nobody defines."""

    in_main: tuple[str, ...] = ()
    """What has to be in `__main__` for it to load: nothing will be there."""

    libraries: dict[str, Library] = {}  # noqa: RUF012  never written to
    devices: tuple[str, ...] = ()
    """Where torch has to put its tensors, other than into memory, as "cuda:0"."""

    columns: tuple[str, ...] = ()
    """Columns of the data that it names."""

    called_on_load: tuple[str, ...] = ()
    """Calls while it is loaded that no honest model makes."""

    worth_knowing: tuple[str, ...] = ()
    """Modules and functions with which it could reach beyond the data: information, no alarm."""

    @classmethod
    def unread(cls, problem: str) -> "Inspection":
        """What there is to say of a file that is no pickle, or cannot be read."""
        return cls(size=0, sha256="", protocol=0, maker="", complete=False, problem=problem)

    @classmethod
    def from_json(cls, content: list[Any]) -> "Inspection":
        """Return the inspection that was written as JSON, where tuples are lists."""
        read = cls._make(tuple(value) if isinstance(value, list) else value for value in content)
        return read._replace(
            parameters=read.parameters and tuple(Parameter(*parameter) for parameter in read.parameters),
            libraries={name: Library(*library) for name, library in read.libraries.items()},
        )

    @property
    def summary(self) -> str:
        """Maker and Pythons, on a line."""
        if self.problem:
            return f"cannot be read without being run: {self.problem}"
        pythons = " or ".join(self.pythons or ())
        return f"{self.maker}, Python {pythons}" if pythons else self.maker

    @property
    def signature(self) -> str:
        """Its parameters as Python writes them, without annotations and the values of defaults."""
        if self.parameters is None:
            return "(?)"
        words, kinds = [], [parameter.kind for parameter in self.parameters]
        for at, parameter in enumerate(self.parameters):
            if parameter.kind == "KEYWORD_ONLY" and "VAR_POSITIONAL" not in kinds and kinds.index("KEYWORD_ONLY") == at:
                words.append("*")
            words.append(str(parameter))
            if parameter.kind == "POSITIONAL_ONLY" and kinds[at + 1 : at + 2] != ["POSITIONAL_ONLY"]:
                words.append("/")
        return f"({', '.join(words)})"

    @property
    def repaired_call(self) -> str:
        """A sentence if the function is called otherwise than Numerai's box would try to call it, or nothing."""
        if self.parameters is None or functions.frames(self.parameters) in (None, len(self.parameters)):
            return ""
        return (
            f"Its signature is {self.signature}: it is called without what only goes by name; "
            "the box as it is run today counts that, too, and cannot call it."
        )


def inspect_bytes(content: bytes) -> Inspection:
    """Read a pickle, decompressed. Takes the memory and the time that loading it would take; nothing of it is run."""
    structure = Structure(content)
    problem, end = "", 0
    try:
        end = structure.read()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        problem = f"{type(error).__name__}: {str(error).rstrip('.')}"
    except (OverflowError, RecursionError, MemoryError) as error:
        problem = f"it is made so that it cannot be read ({type(error).__name__})"
    read = _Read(structure, whole=not problem)
    if problem and read.maker() == "joblib":
        problem = BY_JOBLIB
    elif problem and content[:1] != b"\x80":  # as all pickles begin since Python 3.0
        problem = f"it begins with {content[:8]!r} ({problem})"
    return Inspection(
        size=len(content),
        sha256="",
        protocol=content[1] if content[:1] == b"\x80" and len(content) > 1 else 0,
        maker=read.maker(),
        complete=content[-1:] == b"." or (bool(end) and not problem),
        problem=problem,
        trailing=len(content) - end if end else 0,
        **read.content(),
    )


class _Read:
    """Everything that is told from a structure."""

    def __init__(self, structure: Structure, whole: bool) -> None:
        self._whole = whole
        self._root = structure.root
        self._globals = [f"{module}.{name}" for module, name in structure.globals]
        self._modules = [module for module, _ in structure.globals]
        self._called = {known.key for known in structure.types if known.called}
        self._values = list(walk([structure.root, *structure.types]))
        self._stubs = [value for value in self._values if isinstance(value, Stub)]  # few, among millions of texts
        self._codes = [functions.code_of(stub) for stub in self._stubs if functions.is_code(stub)]
        self._functions = [functions.function(stub) for stub in self._stubs if functions.is_function(stub)]

    def maker(self) -> str:
        names = set(self._globals)
        if version := libraries.cloudpickle(names):
            return f"cloudpickle {version}"
        if any(module.startswith("dill.") for module in self._modules):
            return "dill"
        if any(module.startswith("joblib.numpy_pickle") for module in self._modules):
            return "joblib"
        return "pickle"

    def content(self) -> dict[str, Any]:
        versions = functions.pythons(self._codes)
        python = min(versions, key=_minor) if versions else ""
        readable = python in bytecode.known_versions()
        imports = functions.imports(self._codes, python) if readable else []
        undefined = functions.undefined_names(self._functions, python) if readable else set[str]()
        parameters = functions.parameters(self._root)
        submodules = [stub.args[0] for stub in self._stubs if functions.key(stub).endswith(".subimport") and stub.args]
        modules = dict.fromkeys([*self._modules, *(name for name in submodules if isinstance(name, str))])
        return {
            "pythons": None if versions is None else tuple(sorted(versions, key=_minor)),
            "one_of": bool(versions) and not functions.interchangeable(self._codes, versions or frozenset()),
            "what": functions.what(self._root) if self._whole else "",
            "parameters": None if parameters is None else tuple(parameters),
            "load_globals": tuple(self._globals),
            "makes": tuple(sorted({key for stub in self._stubs if (key := functions.key(stub))})),
            "load_modules": tuple(name for name in modules if name not in ("builtins", "__builtin__", "__main__")),
            "call_imports": tuple(imports),
            "undefined": tuple(sorted(undefined)),
            "in_main": tuple(name.partition(".")[2] for name in self._globals if name.startswith("__main__.")),
            "libraries": libraries.libraries(self._values, self._globals),
            "devices": tuple(libraries.devices(self._values)),
            "columns": tuple(columns.columns(self._values)),
            "called_on_load": tuple(sorted(self._called & _NEVER)),
            "worth_knowing": tuple(_worth_knowing([*modules, *imports], self._globals)),
        }


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


def _worth_knowing(modules: list[str], names: list[str]) -> list[str]:
    found = [module for module in modules if module.partition(".")[0] in (*RUNS_PROGRAMS, *NETWORK)]
    found += [
        name for name in names if name.rpartition(".")[2] in BUILTINS and name.startswith(("builtins.", "__builtin__."))
    ]
    return list(dict.fromkeys(found))
