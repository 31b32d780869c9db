"""What all scripts have in common."""

import ast
import re
import subprocess
import sys

import pytest
from conftest import ROOT

SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
RULES = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
# Scripts of the rules whose environment has no torch.
ANALYSIS = [
    name
    for rule in re.split(r"^ *(?:checkpoint|rule)\b.*:$", RULES, flags=re.MULTILINE)
    if "envs/analysis.yaml" in rule
    for name in re.findall(r'script=script\("(\w+)"', rule)
] + [path.stem for path in SCRIPTS if path.stem.startswith("plot_")]  # whose rules are one


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
    assert {"compare_arms", "plot_answer", "write_report"} <= set(ANALYSIS)
    code = f"import sys, {', '.join(ANALYSIS)}; assert not {{'torch', 'transformers'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow" / "scripts", check=True)


def test_importing_a_package_does_nothing():
    code = (
        "import gc, sys; before = gc.get_threshold(), set(sys.modules); import align, pocket, findings, instructions; "
    )
    code += "assert gc.get_threshold() == before[0] and len(set(sys.modules) - before[1]) == 4"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow" / "scripts", check=True)


def test_an_input_error_is_one_line_and_a_nonzero_exit(tmp_path):
    command = [sys.executable, "workflow/scripts/load_sources.py", "--model-source", "./nowhere"]
    command += ["--model-output", tmp_path / "m", "--output", tmp_path / "sources.json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == "error: model.source: there is no ./nowhere"
    assert not list(tmp_path.iterdir())
