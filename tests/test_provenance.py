"""The commit that made a result."""

import subprocess

from align.provenance import code_commit


def git(folder, *words):
    identity = ["-c", "user.name=n", "-c", "user.email=e@e"]
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_the_commit_and_whether_files_differ_from_it(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "tag", "v1")  # a tag is no commit
    head = git(tmp_path, "rev-parse", "HEAD").strip()
    assert code_commit(tmp_path) == head
    (tmp_path / "code.py").write_text("2\n")
    assert code_commit(tmp_path) == f"{head}-dirty"


def test_outside_a_checkout_there_is_none(tmp_path):
    assert code_commit(tmp_path) is None
