"""The notebook runs the workflow and shows its report, as on Colab, on the smoke experiment."""

import nbformat
from conftest import ROOT
from nbclient import NotebookClient
from test_workflow import copy_project

NOTEBOOK = ROOT / "workflow" / "notebooks" / "colab.ipynb"


def test_the_notebook_runs_the_experiment_and_shows_its_report(tmp_path):
    project = copy_project(tmp_path / "project")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (parameters,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    parameters.source = 'EXPERIMENT, REPOSITORY, INSTALL = "smoke", "", False'
    folder = project / "workflow" / "notebooks"
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    progress = "".join(output.get("text", "") for output in notebook.cells[-2].outputs)
    assert "[policy level1_scalar, seed 1] step 4/4" in progress and "steps (100%) done" in progress
    shown = [output["data"] for output in notebook.cells[-1].outputs]
    assert "# Does REINFORCE" in shown[0]["text/markdown"]
    report = (project / "results" / "smoke" / "report.md").read_text()
    assert sum("image/png" in data for data in shown) == report.count("![") > 0


def test_the_notebook_is_committed_without_output():
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
