"""The simulator's own reading of the dVRK files: DH rows and coupling, with no code shared with the controller's models."""

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from toolkit import FloatArray, SpecificationError

_ARM_FILES = {"psm_classic": "PSM", "psm_si": "PSM_Si"}
_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|//[^\n]*', re.DOTALL)


@dataclass(frozen=True)
class Row:
    """One row of a modified DH table, in the file's own digits: [rad] and [m]."""

    name: str
    prismatic: bool
    alpha: float
    a: float
    theta: float
    d: float
    offset: float


@dataclass(frozen=True)
class ChainData:
    """rows: of arm and instrument in series. coupling: 4 x 4, disks to (roll, wrist pitch, wrist yaw, jaw)."""

    rows: tuple[Row, ...]
    coupling: FloatArray


def read_json_with_comments(text: str) -> Any:
    """dVRK's files are JSON with C and C++ comments; strings are left alone."""
    return json.loads(_COMMENT.sub(lambda m: m.group() if m.group().startswith('"') else " ", text))


def read_chain(model: str, instrument: str) -> ChainData:
    """Rows of the arm's kinematic file followed by those of the instrument's (`NAME:MODEL` is in `tool/NAME_MODEL.json`).

    Raises:
        SpecificationError: no such file, another convention, or not a three-joint wrist with a jaw.
    """
    arm, tool = _read("kinematic", _ARM_FILES[model]), _read("tool", instrument.split("[", maxsplit=1)[0].replace(":", "_"))
    if arm["DH"].get("convention") != "modified":
        raise SpecificationError("only modified DH is simulated", file=f"{model}.json", field="DH.convention")
    rows = tuple(_row(entry) for entry in [*arm["DH"]["joints"], *tool["DH"]["joints"]])
    if len(rows) != 6 or "jaw" not in tool:
        problem = f"{len(rows)} joints: the simulated arm is a PSM with a three-joint wrist and a jaw"
        raise SpecificationError(problem, file=f"{instrument}.json")
    return ChainData(rows, np.array(tool["coupling"]["ActuatorToJointPosition"], dtype=np.float64))


def _read(folder: str, name: str) -> Any:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise SpecificationError(f"{name!r}: letters, digits, _ and - only", field=folder)
    source = files("toolkit.models") / "data" / "dvrk" / folder / f"{name}.json"
    if not source.is_file():
        raise SpecificationError(f"there is no {folder} file of that name: {name!r}", field=folder)
    return read_json_with_comments(source.read_text(encoding="utf-8"))


def _row(entry: Any) -> Row:
    return Row(
        name=str(entry["name"]),
        prismatic=entry["type"] == "prismatic",
        alpha=float(entry["alpha"]),
        a=float(entry["A"]),
        theta=float(entry["theta"]),
        d=float(entry["D"]),
        offset=float(entry["offset"]),
    )
