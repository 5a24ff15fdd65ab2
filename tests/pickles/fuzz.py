"""Run by hand: read mutated pickles for some time, and tell of each that is neither read nor refused.

    python tests/pickles/fuzz.py SECONDS [FIRST]        mutations FIRST (0), FIRST + 1, ...
    python tests/pickles/fuzz.py --write NUMBER FILE    one of them, to look at

They are mutations of `tests/models/` and of the functions of make_corpus.py: bits, bytes, cuts, and opcodes with their
arguments. A number always gives the same mutation. The reading goes on in a child, whose death by a signal, and whose
silence, are told as well. Ends with status 1 if there was anything to tell.
"""

import functools
import json
import mmap
import os
import pickletools
import random
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from numerai_predict.pickles.container import NotAPickle, unpack
from numerai_predict.pickles.inspection import Inspection, inspect_bytes
from numerai_predict.pickles.reader import LEAST_MEMORY
from numerai_predict.verdict import page, python_reasons

HERE = Path(__file__).parent
SILENCE = 30.0
"""Seconds after which a mutation has hung: honest pickles of this size take a hundredth of one."""

PER_CHILD = 5_000
"""Mutations that a child reads, so that what one leaves behind does not add up."""


def main() -> int:
    """Read mutations until the time is over; return the exit status."""
    if sys.argv[1] == "--write":
        Path(sys.argv[3]).write_bytes(mutation(int(sys.argv[2])))
        return 0
    end = time.monotonic() + float(sys.argv[1])
    first = number = int(sys.argv[2]) if sys.argv[2:] else 0
    seeds()
    progress = mmap.mmap(-1, 16)  # shared with the child: the mutation it reads, and how many it has told of
    while time.monotonic() < end:
        ending = _run_child(number, end, progress)
        reached, told = struct.unpack("qq", progress)
        if ending:
            print(f"{reached}: {ending}", flush=True)
            progress[8:] = struct.pack("q", told + 1)
        number = reached + 1
    told = struct.unpack("qq", progress)[1]
    print(f"{number - first:,} mutations of {len(seeds())} pickles, {told} to look at")
    return int(told > 0)


def _run_child(number: int, end: float, progress: mmap.mmap) -> str:
    """Read mutations in a child, from this one on; say how it ended if it did not end well."""
    progress[:8] = struct.pack("q", number)
    pid = os.fork()
    if not pid:
        resource.setrlimit(resource.RLIMIT_AS, (LEAST_MEMORY, LEAST_MEMORY))
        for one in range(number, number + PER_CHILD):
            progress[:8] = struct.pack("q", one)
            if _fails(one):
                progress[8:] = struct.pack("q", struct.unpack("q", progress[8:])[0] + 1)
            if time.monotonic() > end:
                break
        os._exit(0)
    before, since = progress[:8], time.monotonic()
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        time.sleep(0.05)
        if progress[:8] != before:
            before, since = progress[:8], time.monotonic()
        elif time.monotonic() - since > SILENCE:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return f"was not read in {SILENCE:.0f} s"
    code = os.waitstatus_to_exitcode(ended[1])
    return "" if code == 0 else f"ended its reader ({signal.Signals(-code).name if code < 0 else code})"


def _fails(number: int) -> bool:
    """Read one as a run and `inspect` do; tell if that raises anything but a refusal."""
    try:
        inspection = inspect_bytes(unpack("model.pkl", mutation(number)))
        assert Inspection.from_json(json.loads(json.dumps(inspection))) == inspection
        python_reasons(inspection, "3.12")
        "\n".join(page("model.pkl", inspection, [])).encode(errors="backslashreplace")
    except NotAPickle:
        return False
    except MemoryError:
        return False  # the limit ends it, and the reader says so
    except Exception:
        print(f"{number}: {traceback.format_exc()}", flush=True)
        return True
    return False


# --- mutations


class Seed:
    """A good pickle, and the same as a list of opcodes with their arguments, without its frames."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        starts = [(at, opcode.name) for opcode, _, at in pickletools.genops(content)]
        ends = [at for at, _ in starts[1:]] + [len(content)]
        self.opcodes = [
            content[at:end] for (at, name), end in zip(starts, ends, strict=True) if name not in ("FRAME", "STOP")
        ]


@functools.cache
def seeds() -> list[Seed]:
    """Read and make the pickles that are mutated, always in the same order."""
    import cloudpickle

    environment = {"PYTHONPATH": str(Path(cloudpickle.__file__).parents[1]), "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "make_corpus.py", folder, "x", "cloudpickle"], check=True, env=environment, cwd=HERE
        )
        paths = [*sorted(Path(folder).glob("*.pkl")), *sorted((HERE.parent / "models").glob("*.pkl"))]
        # cloudpickle gives every class a random number.
        return [Seed(re.sub(rb"[0-9a-f]{32}", b"0" * 32, path.read_bytes())) for path in paths]


def mutation(number: int) -> bytes:
    """Return the mutation of this number."""
    chance = random.Random(number)
    seed = chance.choice(seeds())
    change = chance.choice([_change_bytes, _cut, _change_opcodes, _change_opcodes, _change_arguments])
    return change(chance, seed)


def _change_bytes(chance: random.Random, seed: Seed) -> bytes:
    content = bytearray(seed.content)
    for _ in range(chance.choice([1, 1, 2, 4, 16, 64])):
        at = chance.randrange(len(content))
        kind = chance.randrange(4)
        if kind == 0:
            content[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            content[at] = chance.randrange(256)
        elif kind == 2:
            content[at:at] = chance.randbytes(chance.randrange(1, 9))
        elif len(content) > 16:
            del content[at : at + chance.randrange(1, 9)]
    return bytes(content)


def _cut(chance: random.Random, seed: Seed) -> bytes:
    """The start of one pickle, and perhaps the end of another."""
    start = seed.content[: chance.randrange(len(seed.content))]
    if chance.random() < 0.3:
        return start + chance.choice([b"", b"."])
    other = chance.choice(seeds()).content
    return start + other[chance.randrange(len(other)) :]


def _change_opcodes(chance: random.Random, seed: Seed) -> bytes:
    """Opcodes deleted, doubled, moved, replaced by others and by those of other pickles."""
    opcodes = list(seed.opcodes)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        at = chance.randrange(1, len(opcodes))
        kind = chance.randrange(5)
        if kind == 0 and len(opcodes) > 8:
            del opcodes[at]
        elif kind == 1:
            opcodes[at:at] = opcodes[at : at + chance.randrange(1, 20)]
        elif kind == 2:
            opcodes[at] = _any_opcode(chance)
        elif kind == 3:
            opcodes.insert(at, _any_opcode(chance))
        else:
            other = chance.choice(seeds()).opcodes
            start = chance.randrange(len(other))
            opcodes[at : at + chance.randrange(4)] = other[start : start + chance.randrange(1, 20)]
    return b"".join(opcodes) + b"."


def _any_opcode(chance: random.Random) -> bytes:
    number = chance.randrange(256)
    opcode = pickletools.code2op.get(chr(number)) or chance.choice(pickletools.opcodes)
    if opcode.arg is None:
        return opcode.code.encode("latin-1")
    size = opcode.arg.n
    if size == pickletools.UP_TO_NEWLINE:
        argument = chance.choice(LINES) + b"\n"
    else:
        argument = chance.choice([bytes(8), b"\xff" * 8, b"\1" + bytes(7), chance.randbytes(8)])
        argument = argument[: size if size > 0 else 1] + (b"" if size > 0 else chance.randbytes(chance.randrange(9)))
    return opcode.code.encode("latin-1") + argument


LINES = [b"os\nsystem", b"1", b"-1", b"01", b"nan", b"'a'", b"\xff", b"9" * 400]
NUMBERS = [0, 1, 2, 3, 16, 18, 0x40, 0xFF, 0x10000, 0x7FFFFFFF, -1, -2, -0x80000000]


def _change_arguments(chance: random.Random, seed: Seed) -> bytes:
    """Numbers, texts and bytes replaced, the stream left as it is: flags, names, bytecode, tables of lines."""
    opcodes = list(seed.opcodes)
    literals = [at for at, one in enumerate(opcodes) if one[:1] in b"KMJCBT\x8c\x8eXNGI"]
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        at = chance.choice(literals)
        code, argument = opcodes[at][:1], bytearray(opcodes[at][1:])
        if code in b"CBT\x8e" and chance.random() < 0.9:
            head = {b"C": 1, b"B": 4, b"T": 4, b"\x8e": 8}[code]
            for _ in range(chance.choice([1, 2, 8])):
                if len(argument) > head:
                    argument[chance.randrange(head, len(argument))] = chance.randrange(256)
            opcodes[at] = code + bytes(argument)
        else:
            opcodes[at] = chance.choice(
                [
                    b"J" + struct.pack("<i", chance.choice(NUMBERS)),
                    b"N",
                    b"\x88",
                    b")",
                    b"]",
                    b"}",
                    b"\x8f",
                    b"C\x02\x09\x00",
                    b"\x8c\x01a",
                    b"G" + struct.pack(">d", chance.choice([float("nan"), float("inf"), 0.5])),
                    b"\x8a\x10" + b"\x7f" * 16,
                    chance.choice(chance.choice(seeds()).opcodes),
                    chance.choice(opcodes),
                ]
            )
    return b"".join(opcodes) + b"."


if __name__ == "__main__":
    sys.exit(main())
