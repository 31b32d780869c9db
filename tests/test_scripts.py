"""What all scripts have in common."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT

SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
ANALYSIS = ["compare_arms", "measure_reward_models", "describe_world", "trace_training", "write_report", "sum_costs"]
ANALYSIS += [
    "measure_signals",
    "compare_at_equal_kl",
    "compare_at_equal_entropy",
    "summarise_results",
    "make_pocket",
    "split_data",
]
ANALYSIS += ["plot_training", "plot_frontier", "plot_contrasts", "plot_reward_models"]
ANALYSIS += [
    "make_samples",
    "relate_differences",
    "measure_responses",
    "plot_matrix",
    "plot_responses",
    "plot_overoptimisation",
    "measure_overoptimisation",
    "measure_compliance",
    "measure_oracle",
    "plot_compliance",
    "measure_methods",
    "tabulate_grid",
]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_a_command_with_a_main(path):
    tree = ast.parse(path.read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"parse_args", "main"} <= functions
    assert ast.get_docstring(tree)
    # Nothing happens on import but definitions, constants and imports; the guard stands last.
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.AugAssign)
    assert all(isinstance(node, allowed) for node in tree.body[1:-1])
    assert path.stem not in sys.stdlib_module_names


def test_statistics_figures_and_report_need_no_torch():
    code = f"import sys, {', '.join(ANALYSIS)}; assert not {{'torch', 'transformers'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow" / "scripts", check=True)


def test_importing_a_package_does_nothing():
    code = "import gc, sys; before = gc.get_threshold(), set(sys.modules); import align, pocket, findings; "
    code += "assert gc.get_threshold() == before[0] and len(set(sys.modules) - before[1]) == 3"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow" / "scripts", check=True)


def test_an_input_error_is_one_line_and_a_nonzero_exit(tmp_path):
    command = [sys.executable, "workflow/scripts/load_sources.py", "--model-source", "./nowhere"]
    command += ["--model-output", tmp_path / "m", "--output", tmp_path / "sources.json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == "error: model.source: there is no ./nowhere"
    assert not list(tmp_path.iterdir())
