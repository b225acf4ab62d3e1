"""What must be proved, what is, and how to check each certificate again."""

from ..blocks import Block, Bullets, Cell, Code, Section, Subtitle, Table, Text, Tone, cells, mono
from ..content import VerificationData

_TONE: dict[str, Tone] = {"PROVED": "ok", "REFUTED": "warn", "UNPROVED": "warn"}


def obligations(data: VerificationData) -> Section:
    proofs = data.proofs
    rows = tuple(
        cells(item.id, Cell(item.verdict, _TONE[item.verdict]), item.claim or item.sentence, mono(item.file) if item.file else "", item.why)
        for item in proofs.obligations
    )
    blocks: list[Block] = []
    if not proofs.directory:
        blocks.append(Text("No proofs were given: every obligation is UNPROVED and rests on derivation and tests.", "warn"))
    if any(item.verdict == "REFUTED" for item in proofs.obligations):
        blocks.append(
            Text(
                "REFUTED: a joint position within the limits is known at which a body is on the wrong side of a region. That is no "
                "failure: the region can be reached, and what keeps the arm away from it is the check of each setpoint."
            )
        )
    blocks.append(Table(("obligation", "verdict", "claim", "certificate", "why not"), (16, 11, 39, 15, 19), rows))
    if proofs.directory:
        hashed = tuple(cells(item.file, mono(item.sha256)) for item in proofs.obligations if item.file)
        inputs = tuple(cells(role, mono(digest)) for role, digest in proofs.inputs)
        blocks += [
            Subtitle("Certificates (SHA-256)"),
            Table(("certificate", "SHA-256"), (26, 74), hashed),
            Subtitle("What the proofs are about (SHA-256)"),
            Table(("input", "SHA-256"), (26, 74), inputs),
            Subtitle("How to check each again"),
            Text(
                "The claims above are the checker's words about a certificate that it accepted. The checker is one folder; it needs Python "
                "and python-flint, and runs copied out of the project."
            ),
            Code(
                f"primum check {proofs.directory}\npython -m verification.checker {proofs.directory}\n"
                f"sha256sum {proofs.directory}/*.json {proofs.directory}/inputs/*"
            ),
        ]
    if proofs.assumed:
        blocks += [Subtitle("What the proofs assume"), Bullets(proofs.assumed)]
    return Section("Proof obligations and certificates", tuple(blocks))
