"""Is a slice of a lock enough? Runs every model of tests/corpus in the whole environment, and in the slice it needs.

Makes the models of tests/corpus in the full environment of a Python; reads each pickle as `--env auto` does, makes the
environment that this chooses, and loads it there: the predictions have to be the same bytes, and every package that was
loaded in the full environment has to be in the slice. Writes a row of docs/environments.md.

    numerai-predict env create 3.12 --full --folder full
    python tools/try_slices.py 3.12 full/bin/python
"""

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import pickle_corpus

from numerai_predict import choice
from numerai_predict.environments import directories
from numerai_predict.environments.directories import ROOT
from numerai_predict.environments.store import Stored
from numerai_predict.pickles import reader

HEAD = "| Python | models | slices | same bytes | as in the full one | packages missed |"
"""How the table begins in docs/environments.md."""


def main() -> None:
    """Make the models, run them twice, write the row; exit with 1 if one differs or misses a package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", choices=directories.versions())
    parser.add_argument("python", type=Path, help="the interpreter of the full environment")
    families = list(pickle_corpus.FAMILIES)
    parser.add_argument("--families", nargs="+", choices=families, default=families, metavar="FAMILY")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_CACHE_HOME"] = str(Path(name, "cache"))  # the slices go with it; uv's cache is elsewhere
        os.environ.setdefault("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
        pickle_corpus.make(arguments.python, Path(name), arguments.families)
        wrong = try_models(arguments.version, arguments.python, sorted(Path(name, "models").glob("*.pkl")))
    sys.exit(bool(wrong))


def try_models(version: str, full: Path, models: list[Path]) -> list[str]:
    """Run models in the full environment and in their slices; return what is wrong, and write the row."""
    slices: dict[str, tuple[Stored, list[Path]]] = {}
    for path in models:
        stored = choice.provide(version, reader.read(str(path)), [], print)
        slices.setdefault(stored.name, (stored, []))[1].append(path)
    expected = pickle_corpus.ask_all([(full, models)])
    reports = pickle_corpus.ask_all([(stored.python, paths) for stored, paths in slices.values()])
    same, alike, wrong, missed = 0, 0, list[str](), set[str]()
    for stored, paths in slices.values():
        held = {directories.normal(re.split(r"[\[=]", line)[0]) for line in stored.requirements}
        for path in paths:
            found, should = pickle_corpus.differs(reports[path]), pickle_corpus.differs(expected[path])
            lacking = {directories.normal(name) for name in expected[path].get("packages", ())} - held
            missed |= lacking
            if found != should or lacking:
                why = found or f"misses {', '.join(sorted(lacking))}"
                wrong.append(f"{path.stem}: {why}; in the full one: {should or 'same'}")
            same += not found and not should
            alike += bool(found) and found == should  # both differ, in the same way, from the process that made it
    print("\n".join(wrong))
    cells = [version, str(len(models)), str(len(slices)), str(same), str(alike), ", ".join(sorted(missed)) or "none"]
    write_row(cells)
    return wrong


def write_row(cells: list[str]) -> None:
    """Write what was found into the table of docs/environments.md."""
    page = ROOT / "docs" / "environments.md"
    lines = page.read_text().splitlines()
    first = lines.index(HEAD) + 2
    end = next((number for number in range(first, len(lines)) if not lines[number].startswith("|")), len(lines))
    rows = [line for line in lines[first:end] if not line.startswith(f"| {cells[0]} |")]
    rows = sorted([*rows, f"| {' | '.join(cells)} |"], key=lambda line: int(re.findall(r"\d+", line)[1]))
    page.write_text("\n".join([*lines[:first], *rows, *lines[end:]]) + "\n")
    print(json.dumps(cells))


if __name__ == "__main__":
    main()
