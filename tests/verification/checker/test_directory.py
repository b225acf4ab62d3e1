"""Whole directories: what a hostile one may contain, how the checker stands alone, and how large it is."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import verification.checker
from toolkit.app.assembly import assemble
from toolkit.app.proof_inputs import render_inputs
from verification.campaign.forgery_stock import Stock
from verification.campaign.small_proofs import encoded, small_proofs, write_directory
from verification.checker import Verdict, check_directory
from verification.checker import directory as directory_module
from verification.checker.directory import check_certificate, read_inputs
from verification.checker.exact import leaves

CHECKER = Path(verification.checker.__file__).parent
EXAMPLE = Path(__file__).parents[3] / "examples" / "procedures" / "psm_trace.yaml"
CODE_LINES_MAX = 1050
LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
BLOCK = """
import sys, runpy
class Refuse:
    def find_spec(self, name, path=None, target=None):
        ours = {"toolkit", "safety", "controllers", "devices", "verification"}
        if name.split(".")[0] in ours | {"numpy", "casadi", "scipy", "yaml", "pydantic", "cvxpy", "sympy", "mpmath", "z3"}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def proofs(stock: Stock, tmp_path: Path) -> Path:
    path = tmp_path / "proofs"
    (path / "inputs").mkdir(parents=True)
    for role, data in stock.inputs.items():
        (path / "inputs" / f"{role}.{'txt' if role == 'chain' else 'json'}").write_bytes(data)
    for name, data in stock.certificates.items():
        (path / name).write_bytes(data)
    (path / "summary.json").write_bytes(encoded(stock.summary))
    return path


def here(directory: Path, name: str) -> Verdict:
    return check_certificate(directory / name, read_inputs(directory))


def rejections(path: Path) -> list[Verdict]:
    return [verdict for verdict in check_directory(path, 1, here) if not verdict.accepted]


def test_a_valid_directory_is_accepted_by_a_copy_that_can_import_nothing_else(proofs: Path, tmp_path: Path) -> None:
    """Copied away, under another name, with numpy, CasADi and every package of ours refused."""
    shutil.copytree(CHECKER, tmp_path / "alone" / "referee", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", BLOCK, "referee", str(proofs)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path / "alone", env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ACCEPTED") == 15 and "REJECTED" not in done.stdout
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() in done.stdout for path in (proofs / "inputs").iterdir())
    shutil.rmtree(proofs / "inputs")
    done = subprocess.run(command, cwd=tmp_path / "alone", env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2 and "inputs" in done.stderr


def test_exit_code_3_when_something_is_rejected(proofs: Path) -> None:
    (proofs / "001_k_tip.json").write_bytes(b"{}")
    command = [sys.executable, "-m", "verification.checker", str(proofs)]
    done = subprocess.run(command, cwd=CHECKER.parents[1], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 3 and "REJECTED 001_k_tip.json" in done.stdout
    assert subprocess.run(command[:-1], cwd=CHECKER.parents[1], capture_output=True, check=False, timeout=60).returncode == 2


def _link(path: Path) -> None:
    moved = path.parent / "elsewhere.json"
    shutil.move(path / "001_k_tip.json", moved)
    (path / "001_k_tip.json").symlink_to(moved)


def _link_inputs(path: Path) -> None:
    shutil.move(path / "inputs", path.parent / "elsewhere")
    (path / "inputs").symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize(
    "spoil",
    [
        _link,
        _link_inputs,
        lambda p: (p / "extra.json").write_text("{}"),
        lambda p: (p / ".hidden").write_text(""),
        lambda p: (p / "015_Upper.json").write_text("{}"),
        lambda p: (p / "015_more.json").mkdir(),
        lambda p: os.mkfifo(p / "015_more.json"),
        lambda p: (p / "inputs" / "extra.json").write_text("{}"),
        lambda p: (p / "inputs" / "arm").write_text("{}"),
        lambda p: (p / "inputs" / "tape_x.json").write_text("{}"),
        lambda p: (p / "inputs" / "chain.json").write_text("{}"),
        lambda p: (p / "inputs" / "problem.json").write_text("{}"),
        lambda p: (p / "inputs" / "problem.json").unlink(),
        lambda p: (p / "summary.json").unlink(),
        lambda p: (p / "summary.json").write_bytes(b"[" * 500_000),
        lambda p: (p / "001_k_tip.json").unlink(),
        lambda p: (p / "001_k_tip.json").write_bytes(b" " * 3_000_000),
        lambda p: shutil.copy(p / "001_k_tip.json", p / "015_k_tip.json"),
        lambda p: (p / "001_k_tip.json").rename(p / "016_k_tip.json"),
    ],
)
def test_a_spoiled_directory_is_rejected(proofs: Path, spoil: Callable[[Path], object]) -> None:
    assert not rejections(proofs)
    spoil(proofs)
    assert rejections(proofs)


def test_names_in_the_summary_open_nothing(proofs: Path) -> None:
    """A summary may name any path it likes: only files of the directory that have a certificate's name are ever read."""
    outside = proofs.parent / "001_k_tip.json"
    shutil.move(proofs / "001_k_tip.json", outside)
    summary = json.loads((proofs / "summary.json").read_bytes())
    summary["obligations"][0]["file"] = "../001_k_tip.json"
    (proofs / "summary.json").write_bytes(encoded(summary))
    assert "not here" in rejections(proofs)[-1].reason


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(obligations=[]),
        lambda s: s["obligations"].pop(),
        lambda s: s["obligations"].append(s["obligations"][0]),
        lambda s: s["obligations"].append({**s["obligations"][0], "id": "K.wrist"}),
        lambda s: s["obligations"].append({**s["obligations"][0], "id": "everything", "file": None, "sha256": None}),
        lambda s: s["obligations"][0].update(verdict="UNKNOWN"),
        lambda s: s["obligations"][0].update(verdict="REFUTED"),
        lambda s: s["obligations"][0].update(id="K.jaw_1"),
        lambda s: s["obligations"][0].update(id=s["obligations"][1]["id"]),
        lambda s: s["obligations"][0].update(sha256=s["obligations"][0]["sha256"].upper()),
        lambda s: s["obligations"][0].update(sentence=["x"]),
        lambda s: s["obligations"][0].update(note="x"),
        lambda s: s["inputs"].update(chain="0" * 64),
        lambda s: s["inputs"].pop("chain"),
        lambda s: s.update(assumed=None),
        lambda s: s.update(format="primum-proofs/2"),
    ],
)
def test_a_summary_that_claims_anything_else_is_rejected(proofs: Path, change: Callable[[Any], object]) -> None:
    summary = json.loads((proofs / "summary.json").read_bytes())
    change(summary)
    (proofs / "summary.json").write_bytes(encoded(summary))
    assert [verdict.file for verdict in rejections(proofs)] == ["summary.json"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: p["constraints"][1].update(bodies=5),
        lambda p: p["constraints"][1].update(bodies=[["wrist"]]),
        lambda p: p["constraints"][1].pop("type"),
        lambda p: p["constraints"][1].update(prove="unreachable", bodies=None),
    ],
)
def test_a_hostile_input_is_a_verdict_and_no_crash(tmp_path: Path, spoil: Callable[[Any], object]) -> None:
    """The summary is judged in the process that was asked, after the others."""
    inputs = render_inputs(assemble(EXAMPLE))
    procedure = json.loads(inputs["procedure"])
    spoil(procedure)
    write_directory(tmp_path / "p", {**inputs, "procedure": encoded(procedure)}, {}, ["stop_length"])
    (verdict,) = check_directory(tmp_path / "p", 1, here)
    assert not verdict.accepted and verdict.file == "summary.json" and "understood" in verdict.reason


def test_unknown_is_admitted_and_counted(stock: Stock, tmp_path: Path) -> None:
    write_directory(tmp_path / "p", stock.inputs, {}, ["K.tip"])
    (verdict,) = check_directory(tmp_path / "p", 1, here)
    assert verdict.accepted and verdict.claim == "0 of 1 obligations have an accepted certificate, 1 are UNKNOWN"


def test_a_certificate_that_takes_too_long_is_rejected(proofs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "SECONDS_MAX", 0.001)
    found = list(check_directory(proofs, 2))
    assert len(found) == 15 and not any(verdict.accepted for verdict in found)
    assert "took more than" in found[0].reason


def test_a_check_that_dies_is_rejected(proofs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module.sys, "executable", shutil.which("false"))
    found = list(check_directory(proofs, 2))
    assert "died" in found[0].reason and not any(verdict.accepted for verdict in found)


def test_small_proofs_hold_and_none_is_written_twice(stock: Stock, tmp_path: Path) -> None:
    write_directory(tmp_path / "p", stock.inputs, small_proofs(stock.inputs))
    assert not rejections(tmp_path / "p")
    with pytest.raises(FileExistsError):
        write_directory(tmp_path / "p", stock.inputs, {})


def test_92_000_leaves_fit_into_a_megabyte() -> None:
    nodes = bytearray()
    waiting = [17]  # 2^17 = 131 072 leaves
    while waiting:
        depth = waiting.pop()
        nodes.append(depth % 6 if depth else 255)
        waiting += [depth - 1] * 2 if depth else []
    text = base64.b64encode(bytes(nodes)).decode()
    assert sum(1 for _ in leaves(text, [(0.0, 1.0)] * 6)) == 2**17 > 92_000
    assert len(json.dumps(text)) < 1_000_000


def test_the_checker_can_be_read_in_one_sitting() -> None:
    """Lines that do something: neither blank, nor comment, nor docstring."""
    lines = 0
    for path in sorted(CHECKER.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        used: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            prose = token.type == tokenize.STRING and token.string.startswith('"""') and token.line.strip().startswith('"""')
            if not prose and token.type not in LAYOUT:
                used |= set(range(token.start[0], token.end[0] + 1))
        lines += len(used)
    assert lines <= CODE_LINES_MAX, lines
