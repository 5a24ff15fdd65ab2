"""Pickle what a script of this folder calls `broken` or `repaired`, by the Python that runs this: needs cloudpickle.

`python make.py NAME broken FILE repaired FILE`, in the folder of a round. A script that has only `predict` is broken,
or not, by what makes it. What it lists as `by_value` goes into the repaired pickle.
"""

import sys
from pathlib import Path

import cloudpickle


def notebook(name):
    """Run a script as a notebook is run; return its variables."""
    source = Path(__file__).with_name(f"{name}.py")
    variables = {"__name__": "__main__"}
    exec(compile(source.read_text(), f"{name}.py", "exec"), variables)
    return variables


if __name__ == "__main__":
    name, *wanted = sys.argv[1:]
    variables = notebook(name)
    for which, path in zip(wanted[::2], wanted[1::2]):  # noqa: B905  old Pythons run this as well
        if which == "repaired":
            for module in variables.get("by_value", []):
                cloudpickle.register_pickle_by_value(module)
        Path(path).write_bytes(cloudpickle.dumps(variables.get(which, variables.get("predict"))))
