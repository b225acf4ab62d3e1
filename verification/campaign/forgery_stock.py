"""The valid proofs directory that forgeries are made from, in memory, and a forgery of it."""

import copy
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from toolkit.models import SerialArm, load_arm

from .small_proofs import problem_inputs, small_proofs, write_directory

Json = dict[str, Any]
HALF_WIDTH = (0.2, 0.2, 0.02, 0.4, 0.3, 0.3, 0.2)
MIDDLE = (0.1, 0.05, 0.1, 0.2, 0.1, -0.1, 0.2)


@dataclass(frozen=True)
class Forgery:
    """One change. certificates, inputs, summary: the whole directory. changed: the certificate to judge if it passes, or empty.

    never: it must be rejected whatever the oracle says. arm: the one the inputs describe.
    """

    what: str
    certificates: dict[str, bytes]
    inputs: dict[str, bytes]
    summary: Json
    changed: str
    never: bool
    arm: SerialArm


class Stock:
    """The valid directory that forgeries are made from."""

    def __init__(self) -> None:
        self.arm, self.other = load_arm("psm_classic"), load_arm("psm_classic", "PROGRASP_FORCEPS:400093")
        self.inputs = problem_inputs(self.arm, HALF_WIDTH, MIDDLE)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "proofs"
            write_directory(path, self.inputs, small_proofs(self.inputs))
            self.summary: Json = json.loads((path / "summary.json").read_bytes())
            self.certificates = {entry["file"]: (path / entry["file"]).read_bytes() for entry in self.summary["obligations"]}

    def forgery(self, what: str, file: str, data: bytes, *, never: bool) -> Forgery:
        """One certificate replaced; the summary follows, so that the certificate itself must be found wrong."""
        certificates = {**self.certificates, file: data}
        return Forgery(what, certificates, self.inputs, resealed(self.summary, certificates), file, never, self.arm)


def resealed(summary: Json, certificates: dict[str, bytes]) -> Json:
    """The summary with the hashes, and where it can be read the verdict, of these certificates."""
    summary = copy.deepcopy(summary)
    for row in summary["obligations"]:
        row["sha256"] = hashlib.sha256(certificates[row["file"]]).hexdigest()
        try:
            row["verdict"] = json.loads(certificates[row["file"]])["verdict"]
        except (ValueError, KeyError, TypeError):
            continue
    return summary
