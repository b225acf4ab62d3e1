import json
import os
import stat
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from safety.audit import AuditLog, read_records
from safety.audit.note import SigningKey, VerifierKey, open_note
from safety.audit.operator_key import certificate_text, check_stock, make_operator_key, read_public_key, take_run_key
from toolkit import AuditFault, InvalidInput


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    make_operator_key("hospital.example/rig", 4, tmp_path / "operator.key", tmp_path / "operator.pub")
    return tmp_path / "operator.key"


@pytest.mark.requirement("AUD-009")
def test_only_the_owner_can_read_the_private_half_and_the_public_half_holds_no_secret(stock: Path) -> None:
    assert stat.S_IMODE(stock.stat().st_mode) == 0o600
    public = (stock.parent / "operator.pub").read_text()
    assert str(VerifierKey.parse(public)) + "\n" == public
    assert json.loads(stock.read_text())["operator"] == public.strip()


@pytest.mark.requirement("AUD-021")
def test_each_run_takes_another_key_certified_by_the_operator_and_nobody_finds_it_again(stock: Path) -> None:
    operator = read_public_key(stock.parent / "operator.pub")
    before = stock.read_text()
    taken = [take_run_key(stock) for _ in range(4)]
    assert [(key.number, key.left) for key in taken] == [(1, 3), (2, 2), (3, 1), (4, 0)]
    for key in taken:
        assert open_note(key.certificate, operator) == certificate_text(key.number, SigningKey("x", key.seed).verifier.public)
    seeds = [entry["seed"] for entry in json.loads(before)["keys"]]
    left = "".join(path.read_text() for path in stock.parent.iterdir())
    assert not any(seed in left for seed in seeds)
    with pytest.raises(AuditFault, match="every run key of this operator key was used"):
        take_run_key(stock)


@pytest.mark.requirement("AUD-021")
def test_the_operators_own_private_key_stands_in_no_file(stock: Path) -> None:
    operator = read_public_key(stock.parent / "operator.pub")
    for entry in json.loads(stock.read_text())["keys"]:
        assert SigningKey("x", b64decode(entry["seed"])).verifier.public != operator.public


def test_the_old_blocks_of_the_stock_are_overwritten(stock: Path) -> None:
    with stock.open("rb") as old:
        take_run_key(stock)
        content = old.read()
    assert content and set(content) == {0}


def test_runs_that_start_together_take_different_keys(stock: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = sorted(key.number for key in pool.map(take_run_key, [stock] * 4))
    assert numbers == [1, 2, 3, 4]


@pytest.mark.requirement("AUD-009")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_that_others_can_read_is_refused(stock: Path, mode: int) -> None:
    stock.chmod(mode)
    before = stock.read_bytes()
    with pytest.raises(AuditFault, match=rf"mode {mode:04o}.*chmod 600"):
        take_run_key(stock)
    assert stock.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("operator-key/1", "operator-key/9", "format"),
        ('"keys"', '"kees"', "not an operator key"),
        ("{", "", "not an operator key"),
        ("\\n1\\n", "\\n2\\n", "damaged"),
        ('"number": 1,', '"number": 2,', "damaged"),
        ('"seed": "', '"seed": "AAAA', "damaged"),
    ],
)
def test_a_damaged_stock_is_refused_and_left_as_it_is(stock: Path, old: str, new: str, what: str) -> None:
    text = stock.read_text().replace(old, new, 1)
    stock.write_text(text)
    with pytest.raises(AuditFault, match=what):
        take_run_key(stock)
    assert stock.read_text() == text


def test_looking_takes_no_key_and_refuses_what_taking_would(stock: Path) -> None:
    before = stock.read_bytes()
    check_stock(stock)
    assert stock.read_bytes() == before
    stock.write_text(stock.read_text().replace("\\n1\\n", "\\n2\\n", 1))
    with pytest.raises(AuditFault, match="damaged"):
        check_stock(stock)
    with pytest.raises(AuditFault, match="cannot be used"):
        check_stock(stock.parent / "nowhere.key")


def test_a_key_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuditFault, match=r"nowhere\.key"):
        take_run_key(tmp_path / "nowhere.key")


@pytest.mark.parametrize("runs", [0, -1, 100_001])
def test_a_stock_of_no_size_is_refused(tmp_path: Path, runs: int) -> None:
    with pytest.raises(InvalidInput, match="runs"):
        make_operator_key("rig", runs, tmp_path / "a.key", tmp_path / "a.pub")
    assert not list(tmp_path.iterdir())


def test_a_key_is_never_written_over(stock: Path) -> None:
    before = stock.read_bytes()
    with pytest.raises(InvalidInput, match="never written over"):
        make_operator_key("rig", 1, stock, stock.parent / "other.pub")
    assert stock.read_bytes() == before and not (stock.parent / "other.pub").exists()


def test_a_log_begins_with_the_operators_certificate_or_says_that_there_is_none(stock: Path, tmp_path: Path) -> None:
    AuditLog(tmp_path / "with", {}, operator_key=stock).close()
    AuditLog(tmp_path / "without", {}).close()
    certified, alone = (list(read_records(tmp_path / name))[1]["data"] for name in ("with", "without"))
    assert certified["certificate"].startswith("primum/audit/run-key\n1\n") and alone["certificate"] == ""


@pytest.mark.requirement("AUD-009")
@pytest.mark.parametrize("holder", ["audit", "second"])
def test_a_key_inside_what_is_handed_to_others_is_refused(stock: Path, tmp_path: Path, holder: str) -> None:
    for name in ("audit", "second"):
        (tmp_path / name).mkdir()
    key = stock.rename(tmp_path / holder / "operator.key")
    with pytest.raises(AuditFault, match="keep it apart"):
        AuditLog(tmp_path / "audit", {}, second=tmp_path / "second", operator_key=key)
    assert os.listdir(tmp_path / "audit") == (["operator.key"] if holder == "audit" else [])


def test_a_log_does_not_begin_with_a_key_that_cannot_be_used(stock: Path, tmp_path: Path) -> None:
    stock.chmod(0o644)
    with pytest.raises(AuditFault, match="chmod 600"):
        AuditLog(tmp_path / "audit", {}, operator_key=stock)
    assert not (tmp_path / "audit").exists()
