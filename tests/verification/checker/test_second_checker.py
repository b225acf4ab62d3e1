"""Two checkers that share no code but the format agree: on what holds, and on what was changed so that it does not."""

import base64
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.verification.checker.second_checker import SecondChecker, covers, paving
from toolkit.models import load_arm
from verification.campaign.forgery_stock import MIDDLE, Stock
from verification.campaign.small_proofs import encoded, problem_inputs, small_proofs
from verification.checker.directory import check_certificate, hashes

Json = dict[str, Any]
NARROW = (0.02, 0.02, 0.002, 0.04, 0.03, 0.03, 0.02)


@pytest.fixture(scope="module")
def certificates() -> tuple[dict[str, bytes], dict[str, Json]]:
    """Over a small box and with 2 % of room, where natural enclosures suffice without many more halvings."""
    inputs = problem_inputs(load_arm("psm_classic"), NARROW, MIDDLE)
    chosen = {id_: body for id_, (_, body) in small_proofs(inputs).items() if id_ in ("K.tip", "K.jaw_2", "cavity.wrist")}
    for body in chosen.values():
        for row in body.get("bounds", ()):
            # Yaw and pitch: a small difference of large vectors, which natural enclosures only bound well by far smaller boxes.
            row["bound"] = ((4.0 if (row["j"], row["l"]) == (0, 1) else 1.02) * float.fromhex(row["bound"])).hex()
    return inputs, chosen


def both(inputs: dict[str, bytes], body: Json, tmp_path: Path) -> tuple[bool, bool]:
    problem = json.loads(inputs["problem"])
    limits = [[Fraction(float.fromhex(x)) for x in problem[key]] for key in ("lower", "upper", "e")]
    lower = [low - e for low, e in zip(limits[0], limits[2], strict=True)]
    upper = [high + e for high, e in zip(limits[1], limits[2], strict=True)]
    path = tmp_path / "001_x.json"
    path.write_bytes(encoded({"format": "primum-certificate/1", "verdict": "PROVED", "inputs": hashes(inputs), **body}))
    second = SecondChecker(load_arm("psm_classic"), lower, upper).holds(body, problem["constraints"])
    return check_certificate(path, inputs).accepted, second


@pytest.mark.parametrize("id_", ["K.tip", "K.jaw_2", "cavity.wrist"])
def test_both_accept_what_holds(certificates: tuple[dict[str, bytes], dict[str, Json]], id_: str, tmp_path: Path) -> None:
    inputs, bodies = certificates
    assert both(inputs, bodies[id_], tmp_path) == (True, True)


def test_both_reject_what_does_not(certificates: tuple[dict[str, bytes], dict[str, Json]], tmp_path: Path) -> None:
    inputs, bodies = certificates
    forged: list[Json] = []
    for j, share in ((0, 0.9), (1, 0.05), (7, 0.9), (13, 0.9)):
        body = json.loads(encoded(bodies["K.jaw_2"]))
        row = body["bounds"][j]
        row["bound"] = (share * float.fromhex(row["bound"])).hex() if float.fromhex(row["bound"]) > 1e-6 else (-1.0).hex()
        forged.append(body)
    for id_ in ("K.tip", "cavity.wrist"):
        body = json.loads(encoded(bodies[id_]))
        low, high = (float.fromhex(x) for x in body["box"][3])
        body["box"][3] = [(low + 1e-6).hex(), high.hex()]
        forged.append(body)
    for change in (lambda nodes: nodes[:-1], lambda nodes: nodes + b"\xff", lambda nodes: b"\x01" + nodes):
        body = json.loads(encoded(bodies["cavity.wrist"]))
        body["tree"] = base64.b64encode(change(base64.b64decode(body["tree"]))).decode()
        forged.append(body)
    forged.append({**bodies["cavity.wrist"], "margin": "1/10"})
    for body in forged:
        assert both(inputs, body, tmp_path) == (False, False)


def test_the_second_cover_finds_gaps(stock: Stock) -> None:
    tree = json.loads(stock.certificates["007_cavity_wrist.json"])["tree"]
    box = [(0.0, 1.0)] * 7
    parts = paving(tree, box)
    assert covers(parts, box)
    assert not covers([*parts, parts[0]], box)
    split = paving(base64.b64encode(bytes([0, 255, 255])).decode(), box)
    assert covers(split, box) and not covers(split[1:], box) and not covers([split[0]], box)
