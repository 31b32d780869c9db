"""What an experiment's model was, in words."""


def state_weights(sources: dict | None) -> str:
    """How a model's weights were packed, and where they came from; empty where they were not in a GGUF file."""
    model = (sources or {}).get("model") or {}
    if "gguf" not in model:
        return ""
    packed = model["gguf"]
    kinds = ", ".join(f"{count} of {name}" for name, count in sorted(packed["tensors"].items()))
    packages = f" from the package {', '.join(model['package'])}" if model.get("package") else ""
    return (
        f"Its weights are those distributed in a GGUF file{packages} ({packed['bytes'] / 1e6:.0f} MB, sha256"
        f" {packed['sha256'][:16]}...; tensors: {kinds}), unpacked to fp32: what a few bits lose is lost."
    )
