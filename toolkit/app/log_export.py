"""Copies of a log for people and machines: JSON that keeps every line exactly, with a script to check it, and CSV of its cycles."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

from safety.audit import RecordKind, Report, read_lines, read_records
from safety.audit.verify_log import find_log, leaf_hash, utc_text
from toolkit import SpecificationError

SCRIPT = "verify_export.sh"
HOW = (
    "Every element of `records` stands on a line of its own, byte for byte as the run wrote it, but for the comma that ends it.",
    "leaf = SHA-256(0x00 || line). Field `prev` of a record is the leaf of the one before it; of the first it is 64 zeros.",
    "Each element of `checkpoints` is a C2SP signed note: origin, number of records, RFC 6962 root of their tree, empty line, signature.",
    "Checkpoint 0 is signed by the Ed25519 key in the record of kind KEY and epoch 0; checkpoint i by the key of epoch i.",
    "The script beside this file checks all of it with bash, sed, base64, sha256sum and openssl; read it first: it is short.",
    "What it cannot know is whose key 0 is: compare `certificate` in the KEY record of epoch 0 with the operator's public key.",
)


def export_json(run_directory: Path, out: Path, report: Report) -> tuple[Path, Path]:
    """Write the whole log as one JSON file, and beside it the script that checks it; return both paths.

    Args:
        report: what the verifier says of the log, for `verified_when_exported`.
    Raises:
        SpecificationError: there is no log, it is not good JSON, or one of the two files exists. Nothing is left behind.
    """
    script = out.with_suffix(".verify.sh")
    _refuse_existing(out, script)
    found: dict[str, Any] = {
        "format": "primum/audit/export/1",
        "how_to_verify": HOW,
        "verified_when_exported": asdict(report) | {"directory": ""},
        "checkpoints": _checkpoints(run_directory),
    }
    head = json.dumps(found, indent=1, ensure_ascii=False)
    with _created(out) as file:
        file.write(head[: head.rindex("\n}")] + ',\n "records": [\n')
        for index, (path, number, line) in enumerate(read_lines(run_directory)):
            try:
                file.write((",\n" if index else "") + line.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise SpecificationError(str(error), file=str(path), line=number) from error
        file.write("\n ]\n}\n")
    script.write_text(files("toolkit.app").joinpath(SCRIPT).read_text("utf-8"), "utf-8")
    return out, script


def export_csv(run_directory: Path, out: Path) -> int:
    """Write one row a cycle, units in the header; return how many rows. `leaf_sha256` names the record that a row was made from.

    Raises:
        SpecificationError: there is no log, it is not good JSON, or `out` exists. Nothing is left behind.
    """
    _refuse_existing(out)
    columns, units = _columns(run_directory)
    rows = 0
    with _created(out) as file:
        writer = csv.writer(file)
        writer.writerow([_header(name, units) for name in columns])
        for record, leaf in _cycles(run_directory):
            cells = _cells(record, leaf)
            writer.writerow([cells.get(name, "") for name in columns])
            rows += 1
    return rows


def _cycles(run_directory: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    records = read_records(run_directory)
    for record, (_, _, line) in zip(records, read_lines(run_directory), strict=True):
        if record["kind"] == RecordKind.CYCLE:
            yield record, leaf_hash(line)


def _columns(run_directory: Path) -> tuple[list[str], dict[str, str]]:
    """Every column that some cycle fills, in the order of first use, and the units that the safety layer gave its margins."""
    columns: dict[str, None] = {}
    units: dict[str, str] = {}
    for record in read_records(run_directory):
        try:
            for call in record["data"].get("calls", ()):
                units |= call.get("first", {}).get("units", {}) if isinstance(call.get("first"), dict) else {}
            if record["kind"] == RecordKind.CYCLE:
                columns |= dict.fromkeys(_cells(record, b""))
        except (AttributeError, TypeError, ValueError) as error:
            what = f"record {record['seq']}: not what {record['kind']} says: {type(error).__name__}: {error}"
            raise SpecificationError(what, file=str(run_directory), field="data") from error
    return list(columns), units


def _cells(record: dict[str, Any], leaf: bytes) -> dict[str, Any]:
    """One cycle, flat: name of the column -> value."""
    data = record["data"]
    state = data.get("state", {})
    out: dict[str, Any] = {
        "seq": record["seq"],
        "utc": utc_text(int(record["utc_ns"])),
        "utc_ns": record["utc_ns"],
        "t": data.get("t_s"),
        "cycle": data.get("i"),
        "verdict": data.get("verdict"),
        "written": data.get("written"),
        "active": " ".join(data.get("active", ())),
        "reason": data.get("reason"),
    }
    out |= {f"margin:{name}": value for name, value in data.get("margins", {}).items()}
    out |= {f"time:{name}": value for name, value in data.get("timing_us", {}).items()}
    out |= {f"q_{joint}": value for joint, value in enumerate(state.get("q", ()))}
    out |= {f"q_dot_{joint}": value for joint, value in enumerate(state.get("q_dot", ()))}
    out |= {f"ticks_{joint}": value for joint, value in enumerate(data.get("ticks") or ())}
    out |= {f"reference_{axis}": value for axis, value in zip("xyz", data.get("reference_tip_m") or (), strict=False)}
    return out | {"leaf_sha256": leaf.hex()}


def _header(name: str, units: dict[str, str]) -> str:
    if name.startswith("margin:"):
        margin = name.removeprefix("margin:")
        return f"margin {margin} [{units.get(margin, 'unit as in the procedure')}]"
    if name.startswith("time:"):
        return f"{name.removeprefix('time:')} [us]"
    for start, unit in (("q_dot_", "rad/s or m/s"), ("q_", "rad or m"), ("ticks_", "ticks"), ("reference_", "m")):
        if name.startswith(start):
            return f"{name} [{unit}]"
    return {"t": "t [s, monotonic clock]", "utc_ns": "utc [ns since 1970]"}.get(name, name)


def _checkpoints(run_directory: Path) -> list[str]:
    audit = find_log(run_directory)
    try:
        notes = (audit / "checkpoints").read_text("utf-8").split("\n\n")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(str(error), file=str(audit / "checkpoints")) from error
    return [f"{text}\n\n{signature}\n" for text, signature in zip(notes[:-1:2], notes[1::2], strict=False) if signature]


def _refuse_existing(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise SpecificationError("exists already; an export never writes over a file", file=str(path))


@contextmanager
def _created(path: Path) -> Iterator[TextIO]:
    """A new file, which is removed again if it cannot be written to its end."""
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            try:
                yield file
            except BaseException:
                path.unlink()
                raise
    except OSError as error:
        raise SpecificationError(f"cannot be written: {error.strerror}", file=str(path)) from error
