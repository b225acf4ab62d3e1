"""The exported schema is the current one, accepts what is valid, and the guide speaks of every field."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolkit.procedure import json_schema

ROOT = Path(__file__).parents[3]
EXPORTED = ROOT / "docs" / "procedure.schema.json"


def test_the_exported_schema_is_current() -> None:
    renew = "python -c \"from toolkit.procedure import write_json_schema; write_json_schema('docs/procedure.schema.json')\""
    assert json.loads(EXPORTED.read_text()) == json_schema(), f"renew it: {renew}"


def fields_of(part: Any) -> set[str]:
    if isinstance(part, dict):
        return set(part.get("properties", {})).union(*(fields_of(child) for child in part.values()))
    return set().union(*(fields_of(child) for child in part)) if isinstance(part, list) else set()


def test_the_guide_names_every_field() -> None:
    guide = (ROOT / "docs" / "procedure.md").read_text()
    missing = sorted(field for field in fields_of(json_schema()) if f"`{field}`" not in guide)
    assert not missing


def test_every_object_of_the_schema_forbids_unknown_fields() -> None:
    def objects(part: Any) -> list[dict[str, Any]]:
        children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        mine = [part] if isinstance(part, dict) and part.get("type") == "object" else []
        return mine + [found for child in children for found in objects(child)]

    assert all("additionalProperties" in found and found["additionalProperties"] is not True for found in objects(json_schema()))


def test_another_implementation_accepts_the_valid_file_and_refuses_a_unit_slip() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="an independent validator, not a dependency")
    text = (Path(__file__).parent / "valid.yaml").read_text().replace("2026-11-01", '"2026-11-01"').replace("1e-", "1.0e-")
    jsonschema.validate(yaml.safe_load(text), json_schema())
    for old, new in (("radius_m: 0.004", "radius_m: 4"), ("- home:", "- hoem:"), ("primum: 1", "primum: 2")):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(yaml.safe_load(text.replace(old, new)), json_schema())
