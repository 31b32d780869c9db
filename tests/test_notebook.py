"""The notebook runs the workflow and shows its report, as on Colab, on the smoke experiment."""

import nbformat
from conftest import ROOT

NOTEBOOK = ROOT / "workflow" / "notebooks" / "colab.ipynb"


def test_the_notebook_runs_the_experiment_and_shows_its_report(notebook):
    project, run = notebook
    progress = "".join(output.get("text", "") for output in run.cells[-2].outputs)
    assert "[policy level1_scalar, seed 1] step 4/4" in progress and "steps (100%) done" in progress
    shown = [output["data"] for output in run.cells[-1].outputs]
    assert "# Does REINFORCE" in shown[0]["text/markdown"]
    report = (project / "results" / "smoke" / "report.md").read_text()
    assert sum("image/png" in data for data in shown) == report.count("![") > 0


def test_the_notebook_is_committed_without_output():
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
