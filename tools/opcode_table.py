"""Write the opcodes of interpreters into src/numerai_predict/pickles/opcodes.json.

    python3.12 tools/opcode_table.py

Run by an interpreter, it takes that interpreter's own module `opcode`, and leaves the other versions in the file as
they are. Standard library only: the interpreters need nothing installed.
"""

import json
import opcode
import sys
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[1] / "src/numerai_predict/pickles/opcodes.json"

KINDS = ("const", "name", "local", "free", "jrel", "jabs", "compare")
"""What an argument may be an index of, or otherwise mean, as the module `opcode` tells it."""


def main() -> None:
    """Write this interpreter's table."""
    tables = json.loads(PATH.read_text()) if PATH.exists() else {}
    tables["{}.{}".format(*sys.version_info)] = table()
    ordered = sorted(tables.items(), key=lambda item: [int(part) for part in item[0].split(".")])
    lines = [f"{json.dumps(version)}: {json.dumps(content, separators=(',', ':'))}" for version, content in ordered]
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def table() -> dict[str, Any]:
    """Return this interpreter's opcodes: by name, and which of them have an argument of which kind, and caches."""
    with_argument = getattr(opcode, "hasarg", None)
    real = {name: number for name, number in opcode.opmap.items() if number < 256}
    if with_argument is None:  # up to 3.11 there is a line between those without and those with
        with_argument = [number for number in real.values() if number >= opcode.HAVE_ARGUMENT]
    kinds: dict[str, Any] = {kind: sorted(set(getattr(opcode, f"has{kind}")) & set(real.values())) for kind in KINDS}
    return {
        "opcodes": dict(sorted(real.items(), key=lambda item: item[1])),
        "arg": sorted(set(with_argument) & set(real.values())),
        **kinds,
        "caches": {name: count for name, count in sorted(caches(real).items()) if count},
    }


def caches(real: dict[str, int]) -> dict[str, int]:
    """The number of cache units after each opcode, by name."""
    entries = getattr(opcode, "_inline_cache_entries", {})  # 3.11 and 3.12: a list; later a mapping; before: nothing
    if isinstance(entries, list):
        return {name: entries[number] for name, number in real.items()}
    return {name: entries[name] for name in real if name in entries}


if __name__ == "__main__":
    main()
