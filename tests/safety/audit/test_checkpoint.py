import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safety.audit import AuditLog, RecordKind, read_records
from safety.audit.checkpoint import KeyChain, checkpoint_text, last_checkpoint
from safety.audit.merkle import leaf_hash, root_of
from safety.audit.note import SigningKey, VerifierKey, open_note
from safety.audit.operator_key import certificate_text, make_operator_key, read_public_key
from toolkit import AuditFault

ORIGIN = "primum/audit/" + "0" * 32
ROOTS = [bytes([number]) * 32 for number in range(4)]


def notes(file: Path) -> list[str]:
    """The checkpoints of a file, each with the newline that ends it."""
    parts = file.read_text("utf-8").split("\n\n")
    return [f"{text}\n\n{signature}\n" for text, signature in zip(parts[:-1:2], parts[1::2], strict=True)]


@pytest.mark.requirement("AUD-021")
def test_every_checkpoint_is_signed_by_the_key_that_was_named_before_it() -> None:
    keys = KeyChain(ORIGIN)
    key: Any = keys.first
    for size, root in enumerate(ROOTS[:-1], start=1):
        following: Any = keys.next_key()
        note = keys.sign(size, root).decode()
        assert open_note(note.removesuffix("\n"), VerifierKey.parse(key["vkey"])) == checkpoint_text(ORIGIN, size, root)
        assert following["epoch"] == key["epoch"] + 1 and following["vkey"] != key["vkey"]
        key = following
    assert open_note(keys.sign(9, ROOTS[3]).decode().removesuffix("\n"), VerifierKey.parse(key["vkey"]))


@pytest.mark.requirement("AUD-021")
def test_after_the_final_checkpoint_nothing_can_be_signed() -> None:
    keys = KeyChain(ORIGIN)
    keys.sign(1, ROOTS[0])
    with pytest.raises(AuditFault, match="final checkpoint"):
        keys.sign(2, ROOTS[1])


@pytest.mark.requirement("AUD-021")
def test_no_private_key_that_has_signed_is_left_in_memory() -> None:
    keys = KeyChain(ORIGIN)
    (first,) = [value for value in vars(keys).values() if isinstance(value, SigningKey)]
    keys.next_key()
    keys.sign(1, ROOTS[0])
    held = [value for value in vars(keys).values() if isinstance(value, SigningKey)]
    assert len(held) == 1 and held[0].seed != first.seed
    keys.sign(2, ROOTS[1])
    assert not [value for value in vars(keys).values() if isinstance(value, SigningKey)]


def test_the_last_whole_checkpoint_of_a_file_is_found(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    assert last_checkpoint(file) is None
    keys = KeyChain(ORIGIN)
    keys.next_key()
    first, second = keys.sign(1, ROOTS[0]), keys.sign(7, ROOTS[1])
    file.write_bytes(first + second)
    assert last_checkpoint(file) == (7, ROOTS[1])
    for torn in (second[:-1], second[:20], b"x"):
        file.write_bytes(first + torn)
        assert last_checkpoint(file) == (1, ROOTS[0])
    file.write_bytes(first[:-1])
    assert last_checkpoint(file) is None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run with an operator key and a second place, with one state change in the middle."""
    root = tmp_path_factory.mktemp("run")
    (root / "second").mkdir()
    make_operator_key("hospital.example/rig", 2, root / "operator.key", root / "operator.pub")
    with AuditLog(root / "audit", {}, second=root / "second", operator_key=root / "operator.key") as log:
        for number in range(12):
            log.append(RecordKind.STATE if number == 5 else RecordKind.CYCLE, {"number": number})
            log.flush()
        log.append(RecordKind.CYCLE, {"number": 12})
        waited_for(root / "audit" / "checkpoints", 3)
    yield root


def waited_for(file: Path, count: int) -> None:
    end_s = time.monotonic() + 20.0
    while len(notes(file)) < count:
        if time.monotonic() > end_s:
            raise TimeoutError(f"{len(notes(file))} checkpoints")
        time.sleep(0.02)


@pytest.mark.requirement("AUD-021")
def test_a_run_is_vouched_for_from_its_operator_to_its_last_record(run: Path) -> None:
    lines = [line for path in sorted((run / "audit").glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    records = [json.loads(line) for line in lines]
    first = records[1]["data"]
    operator = read_public_key(run / "operator.pub")
    key = VerifierKey.parse(first["vkey"])
    assert open_note(first["certificate"], operator) == certificate_text(1, key.public)
    found = notes(run / "audit" / "checkpoints")
    for epoch, note in enumerate(found):
        origin, size, root = open_note(note, key).splitlines()
        assert origin == key.name == f"primum/audit/{records[0]['data']['run']}"
        assert checkpoint_text(origin, int(size), root_of([leaf_hash(line) for line in lines[: int(size)]])).splitlines()[2] == root
        last = records[int(size) - 1]
        if last["kind"] == "KEY":
            assert last["data"]["epoch"] == epoch + 1
            key = VerifierKey.parse(last["data"]["vkey"])
    assert len(found) >= 4 and int(size) == len(records) and last["kind"] == "RUN_END"


@pytest.mark.requirement("AUD-021")
def test_a_state_change_has_a_checkpoint_at_once(run: Path) -> None:
    kinds = [record["kind"] for record in read_records(run)]
    assert kinds[kinds.index("STATE") + 1] == "KEY"


@pytest.mark.requirement("AUD-011")
def test_the_second_place_has_the_same_checkpoints(run: Path) -> None:
    (copy,) = (run / "second").iterdir()
    name = next(read_records(run))["data"]["run"]
    assert copy.name == f"{name}.checkpoints" and copy.read_bytes() == (run / "audit" / "checkpoints").read_bytes()
