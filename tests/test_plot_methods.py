"""The figure of the paper's methods: their order, and what is drawn of each."""

import json

import plot_methods
import pytest
from handmade import make_summary
from test_methods import PAPER, make


def test_methods_stand_in_the_papers_order():
    rivals = plot_methods.in_the_papers_order(make(), PAPER)
    assert [row["name"] for row in rivals] == ["RLOO", "RAFT", "PPO"]
    assert [row["there"] for row in rivals] == pytest.approx([7.2, 2.5, -3.1])
    first = PAPER["methods"][0] | {"win_rates": []}
    unranked = {"methods": [first, *PAPER["methods"][1:]]}
    assert [row["name"] for row in plot_methods.in_the_papers_order(make(), unranked)] == ["RAFT", "PPO", "RLOO"]
    with pytest.raises(plot_methods.InputError, match="no method but REINFORCE"):
        plot_methods.in_the_papers_order(make_summary(level2=()), PAPER)


def test_every_method_and_reader_is_named(tmp_path):
    (tmp_path / "summary.json").write_text(json.dumps(make(x="rose")))
    (tmp_path / "paper.json").write_text(json.dumps(PAPER))
    flags = ["--summary", str(tmp_path / "summary.json"), "--paper", str(tmp_path / "paper.json")]
    flags += ["--equivalence-margin", "0.2", "--width", "7", "--dpi", "50", "--output", str(tmp_path / "m.svg")]
    plot_methods.main(flags)
    svg = (tmp_path / "m.svg").read_text()
    for text in ("RLOO", "RAFT", "PPO", "gold", "judges"):
        assert f"<!-- {text} -->" in svg
