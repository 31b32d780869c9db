import difflib
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator


def explain(error):
    """One line for what a value of the config breaks: where, what, and what was perhaps meant."""
    where = "".join(f"{key}." for key in error.absolute_path).rstrip(".")
    hint = ""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for key in sorted(set(error.instance) - set(known)):
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
    elif error.validator == "type" and re.fullmatch(r"\d+e[-+]?\d+", str(error.instance)):
        hint = "; YAML takes 1e-6 for text, and 1.0e-6 for a number"
    return f"{where}{': ' if where else ''}{error.message}{hint}"


def check_schema(path):
    """Refuse what the schema does not allow, one line a problem."""
    schema = yaml.safe_load((Path(workflow.basedir) / path).read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path)))
    if errors:
        raise WorkflowError("config: " + "\n".join(map(explain, errors)))


check_schema("workflow/schemas/config.schema.yaml")
