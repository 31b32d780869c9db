import re
from pathlib import Path

# What comes from outside, and where it goes.
SOURCE_OUTPUTS = {}
if not WORLD:
    SOURCE_OUTPUTS["preferences"] = f"{RESULTS}/data/preferences.jsonl"
if not IS_POCKET_MODEL:
    SOURCE_OUTPUTS["model"] = directory(f"{RESULTS}/models/sft")


# Every model that comes from outside: a section with the keys of `model`.
MODEL_SECTIONS = [*([] if IS_POCKET_MODEL else [config["model"]]), *config["bases"].values()]


def package_file(package):
    """Where the file of a package, joined of its parts, lies once it was fetched: two may have one name."""
    name = re.sub(r"\.part\d+$", "", Path(package["parts"][0]["file"]).name)
    return f"{RESULTS}/data/packages/{package['sha256'][:12]}/{name}"


def requirements_of(package):
    """The packages that hold the parts of a file, as pip names them."""
    return [f"{part['name']}=={part['version']}" for part in package["parts"]]


PACKAGES = {package_file(section["package"]): section["package"] for section in MODEL_SECTIONS if section["package"]}


def package_flags(wildcards, output):
    """Flags of fetch_package for the file that it is to make."""
    package = PACKAGES[output.file]
    files = [part["file"] for part in package["parts"]]
    return flags({"sha256": package["sha256"], "requirements": requirements_of(package), "files": files})


def local_files(*sources):
    """The files of those sources that lie here; none of one that is null or on the hub."""
    found = []
    for source in filter(None, sources):
        path = Path(source).expanduser()
        files = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
        found += [str(file) for file in files if file.is_file() and not file.name.startswith(".")]
    return found


def data_files():
    """The files of the pairs' source; none on the hub, or of a world that the project makes."""
    source = None if WORLD else config["data"]["source"]
    return local_files(*(source if isinstance(source, list) else [source]))


def model_files(section):
    """The files that a model section is loaded from, a package's among them; none on the hub, or of pocket's own."""
    package = [package_file(section["package"])] if section["package"] else []
    return package + local_files(section["source"], section["tokenizer"])


def model_flags(section, key, output, use):
    """Flags of load_sources for the model section `key`; `use` is what it must be fit for, policy or judge."""
    settings = {name: value for name, value in section.items() if name != "package"}
    settings |= {"key": key, "output": output, "use": use}
    if section["package"]:
        settings |= {"source": package_file(section["package"]), "package": requirements_of(section["package"])}
    return flags({f"model_{key}": value for key, value in settings.items()})


def source_flags():
    """Flags of load_sources: the sources that the project does not make."""
    words = []
    if not WORLD:
        output = SOURCE_OUTPUTS["preferences"]
        settings = {f"data_{key}": config["data"][key] for key in ("source", "split", "revision")}
        words.append(flags(settings, data_output=output))
    if not IS_POCKET_MODEL:
        words.append(model_flags(config["model"], "model", SOURCE_OUTPUTS["model"], "policy"))
    return " ".join(words)
