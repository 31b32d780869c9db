"""Files appear whole or not at all, and what was there stays until then."""

import os

import pytest

from align.files import atomic_path, write_text


def test_a_file_is_replaced_at_once(tmp_path, monkeypatch):
    path, replace, seen = tmp_path / "a.txt", os.replace, []
    write_text(path, "old")
    monkeypatch.setattr(os, "replace", lambda draft, final: (seen.append(final.read_text()), replace(draft, final)))
    write_text(path, "new")
    assert seen == ["old"] and path.read_text() == "new"


def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "a.txt") as draft:
        draft.write_text("half")
        raise RuntimeError
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("before", ["file", "folder"])
def test_a_folder_takes_the_place_of_a_file_or_a_folder(tmp_path, before):
    path = tmp_path / "a"
    write_text(path if before == "file" else path / "old.txt", "old")
    with atomic_path(path) as draft:
        write_text(draft / "new.txt", "new")
    assert [file.name for file in path.iterdir()] == ["new.txt"]
