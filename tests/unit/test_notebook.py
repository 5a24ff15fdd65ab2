"""The example notebook, and how results show in notebooks."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import NOTEBOOK_TOOLS, ROOT, scrubbed_environment

from numerai_predict.api import Prediction, Reading
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.report import FAIL, Check, Reason, Usage

sys.path.append(NOTEBOOK_TOOLS)
import nbformat
from nbclient import NotebookClient

NOTEBOOK = ROOT / "examples" / "train_save_check.ipynb"


def test_the_notebook_is_stored_without_outputs():
    """Nothing of a machine on which it was run is in the notebook."""
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]

    assert [(cell.outputs, cell.execution_count) for cell in cells] == [([], None)] * len(cells)


def shown(cell: nbformat.NotebookNode, form: str) -> str:
    return "".join(output.data.get(form, "") for output in cell.outputs if "data" in output)


def test_the_notebook_runs(tmp_path: Path):
    """Run from top to end, without network, the notebook saves a pickle, is refused another, and ends in a verdict."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    environment = scrubbed_environment() | {"PYTHONPATH": f"{ROOT / 'src'}:{NOTEBOOK_TOOLS}"}

    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute(env=environment)

    _, _, saving, refusal, checking = (cell for cell in notebook.cells if cell.cell_type == "code")
    assert "the function predict (live_features)" in shown(saving, "text/plain")
    assert re.search(r"lightgbm \d+\.\d+\.\d+", shown(saving, "text/html"))
    assert "nothing defines scaler" in refusal.outputs[0].text
    assert "return scaler.transform(live_features)" in refusal.outputs[0].text
    assert "the same predictions, to the last digit" in shown(checking, "text/html")
    assert not shown(checking, "text/plain").startswith("model.pkl will fail")
    assert (tmp_path / "model.pkl").exists()
    assert not (tmp_path / "forgetful.pkl").exists()


HOSTILE = "<script>alert('&')</script>"

RESULTS = {
    "Prediction": Prediction(pd.DataFrame({HOSTILE: [0.5]}, index=[HOSTILE]), [HOSTILE], 1.0, 1, HOSTILE, {}),
    "Reading": Reading(
        HOSTILE,
        Inspection(size=1, sha256="", protocol=5, maker=HOSTILE, complete=True, columns=(HOSTILE,), what=HOSTILE),
        [],
    ),
    "unread": Reading(HOSTILE, Inspection.unread(HOSTILE), []),
    "Check": Check(
        HOSTILE,
        FAIL,
        1,
        [Reason(HOSTILE, HOSTILE)],
        python=HOSTILE,
        data=HOSTILE,
        usage=Usage(1.0, 2.0, 1, 2),
        warnings=[HOSTILE],
        output=HOSTILE,
        traceback=HOSTILE,
    ),
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_html(result: Prediction | Reading | Check):
    """In a notebook, what models say is text, and colours are the notebook's own, light or dark."""
    html = result._repr_html_()

    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"colou?r|background|#[0-9a-f]{3}", html, re.IGNORECASE)
