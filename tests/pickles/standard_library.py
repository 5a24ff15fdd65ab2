"""Run by an interpreter: how well is its own bytecode told from that of other versions?

    python3.12 standard_library.py SRC [EVERY [FOLDER...]]

Compiles every EVERYth module of its standard library, or of folders without their tests, and prints a JSON object: how
many code objects there are, how many of them can only be of this Python, and which this Python is wrongly said not to
have made.
"""

import inspect
import json
import sys
import sysconfig
import types
import warnings
from pathlib import Path

TESTS = ("test", "tests", "idle_test", "lib2to3")
"""Folders of tests, and one whose modules are kept for tests of a parser."""


def main() -> None:
    """Compile, read and count."""
    sys.path.insert(0, sys.argv[1])
    from numerai_predict.pickles import bytecode

    own = "{}.{}".format(*sys.version_info)
    files = sources([Path(folder) for folder in sys.argv[3:]])
    files = files[:: int(sys.argv[2]) if len(sys.argv) > 2 else 1]
    count, unique, wrong = 0, 0, []
    warnings.simplefilter("ignore")
    for path in files:
        try:
            module = compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue  # a file that tests of the parser read
        todo = [module]
        for code in todo:  # grows while it is walked
            todo += [const for const in code.co_consts if isinstance(const, types.CodeType)]
            if not code.co_flags & inspect.CO_OPTIMIZED:
                continue  # modules and bodies of classes, which no pickle holds
            versions = bytecode.versions(bytecode.code_from_arguments(arguments(code)))
            count += 1
            unique += versions == {own}
            if own not in versions:
                wrong.append(f"{path.name}:{code.co_firstlineno} {code.co_name} {sorted(versions)}")
    print(
        json.dumps({"version": own, "count": count, "unique": unique, "wrong": wrong[:20], "wrong_count": len(wrong)})
    )


def sources(folders: list[Path]) -> list[Path]:
    """The modules of folders, but their tests; of the standard library, and its tests, if there are none."""
    without = {"site-packages", *(TESTS if folders else ())}
    folders = folders or [Path(sysconfig.get_path("stdlib"))]
    found = [(folder, path) for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [path for folder, path in found if without.isdisjoint(path.relative_to(folder).parts)]


def arguments(code: types.CodeType) -> tuple:
    """What cloudpickle stores of a code object."""
    names = "argcount posonlyargcount kwonlyargcount nlocals stacksize flags code consts names varnames filename name"
    last = "freevars cellvars"
    if sys.version_info >= (3, 11):
        names += f" qualname firstlineno linetable exceptiontable {last}"
    else:
        names += f" firstlineno {'linetable' if sys.version_info >= (3, 10) else 'lnotab'} {last}"
    return tuple(getattr(code, f"co_{name}") for name in names.split())


if __name__ == "__main__":
    main()
