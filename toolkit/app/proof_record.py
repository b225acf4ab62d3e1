"""What a run takes over from checked proofs, and keeps in its directory: report and replay need the proofs themselves no more."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from safety.audit import canonical_bytes
from toolkit import FloatArray, SpecificationError


@dataclass(frozen=True)
class CheckedObligation:
    """One obligation, after the checker accepted its certificate. claim: the checker's words, never the prover's.

    sha256: of the certificate. Both are empty where there is none.
    """

    id: str
    verdict: str
    claim: str
    sha256: str


@dataclass(frozen=True, eq=False)
class ProofRecord:
    """directory: for messages. digest: SHA-256 of the summary, which names every certificate and input by its own. inputs: hashes by role.

    bounds: K (n, n) by body point, and "rcm_offset"; exact.
    """

    directory: str
    digest: str
    inputs: Mapping[str, str]
    bounds: Mapping[str, FloatArray]
    obligations: tuple[CheckedObligation, ...]

    @property
    def verdicts(self) -> dict[str, str]:
        """Verdict by obligation."""
        return {row.id: row.verdict for row in self.obligations}

    def __str__(self) -> str:
        others = [f"{row.id} {row.verdict}" for row in self.obligations if row.verdict != "PROVED"]
        proved = f"{len(self.obligations) - len(others)} of {len(self.obligations)} obligations proved and checked"
        return f"{proved}; {', '.join(others)}" if others else proved

    def to_json(self) -> bytes:
        """Canonical JSON; the bounds in hexadecimal floats."""
        bounds = {name: [[entry.hex() for entry in row] for row in K.tolist()] for name, K in self.bounds.items()}
        rows = [asdict(row) for row in self.obligations]
        return canonical_bytes({"digest": self.digest, "inputs": dict(self.inputs), "bounds": bounds, "obligations": rows})

    @staticmethod
    def from_json(content: bytes, file: str) -> "ProofRecord":
        """What `to_json` wrote.

        Raises:
            SpecificationError: it is not that.
        """
        try:
            stated = json.loads(content)
            bounds = {name: np.array([[float.fromhex(x) for x in row] for row in rows]) for name, rows in stated["bounds"].items()}
            rows = tuple(CheckedObligation(**row) for row in stated["obligations"])
            return ProofRecord(file, str(stated["digest"]), dict(stated["inputs"]), bounds, rows)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SpecificationError(f"not the record of checked proofs: {error}", file=file) from error
