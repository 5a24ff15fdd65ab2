"""Write src/numerai_predict/sandbox/syscalls.py: the numbers of the system calls that the filter names.

    python tools/syscall_numbers.py > src/numerai_predict/sandbox/syscalls.py

From the kernel's headers as Debian's linux-libc-dev has them. Calls newer than those headers have the same number on
all machines, and stand in `NEWER`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from numerai_predict.sandbox import seccomp

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}

NEWER = {
    "fchmodat2": 452,
    "setxattrat": 463,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_getattr": 468,
    "file_setattr": 469,
}
"""Linux 6.6 to 6.17, include/uapi/asm-generic/unistd.h."""


def main() -> None:
    """Print the module."""
    tables = {machine: numbers(path.read_text()) for machine, path in HEADERS.items()}
    print('"""Numbers of system calls, for each kind of machine. Written by tools/syscall_numbers.py."""\n')
    print(f"HIGHEST = {max(NEWER.values())}")
    print('"""The highest number of a call that was known when this was written."""\n')
    print("NUMBERS = {")
    for machine, table in tables.items():
        print(f'    "{machine}": {{')
        for name in sorted(called(), key=lambda name: table.get(name, 0)):
            if name in table:
                print(f'        "{name}": {table[name]},')
        print("    },")
    print("}")


def called() -> Iterable[str]:
    """Every call that the filter names, and the one by which the supervisor asks for seccomp."""
    rules = seccomp.policy(False, 1, 1) + seccomp.policy(True, 1, 1)
    return {"seccomp", *(name for rule in rules for name in rule.calls.split())}


def numbers(header: str) -> dict[str, int]:
    """The calls of a header, by name; __NR3264 marks those that only 64-bit machines have under that number."""
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header)
    return NEWER | {name: int(number) for name, number in found}


if __name__ == "__main__":
    main()
