import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.audit import RecordKind, VerifyResult, canonical_bytes, read_records, verify
from safety.audit.checkpoint import KeyChain
from safety.audit.merkle import leaf_hash as leaf
from safety.audit.merkle import root_of
from safety.audit.record import Chain, Stamp
from toolkit import SpecificationError

UTC_NS, MONO_NS = 1_790_000_000_000_000_000, 5_000_000_000


def stamp(later_ns: int = 0) -> Stamp:
    return Stamp(UTC_NS + later_ns, 12, MONO_NS + later_ns)


def leaf_hash(line: bytes) -> str:
    return leaf(line).hex()


def checkpoint(lines: list[bytes]) -> bytes:
    return KeyChain("primum/audit/0").sign(len(lines), root_of([leaf(line) for line in lines]))


def after(lines: list[bytes]) -> Chain:
    """A chain that goes on after these lines."""
    chain = Chain()
    for line in lines:
        chain.tree.append(leaf(line))
    chain.prev = leaf_hash(lines[-1])
    return chain


def written(cycles: int = 8) -> tuple[list[bytes], bytes]:
    """The lines and the last checkpoint of a closed log, made without the writer."""
    chain = Chain()
    kinds = [RecordKind.RUN_START, *[RecordKind.CYCLE] * cycles, RecordKind.RUN_END]
    lines = []
    for seq, kind in enumerate(kinds):
        data = {"records": seq} if kind is RecordKind.RUN_END else {"q": [0.1 * seq, -2.5e-7, 3.0], "text": "naïve \U0001f642"}
        lines.append(chain.line(kind, stamp(seq), "test", data))
    return lines, checkpoint(lines)


LINES, CHECKPOINT = written()
WHOLE = b"".join(line + b"\n" for line in LINES)


def check(content: bytes, note: bytes | None = CHECKPOINT) -> VerifyResult:
    with TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "000000.jsonl").write_bytes(content)
        if note is not None:
            (directory / "checkpoints").write_bytes(note)
        return verify(directory)


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def test_an_untouched_log_is_intact() -> None:
    result = check(WHOLE)
    assert result.intact and result.closed and result.ok and result.problem is None
    assert (result.records, result.segments, result.last_kind) == (len(LINES), 1, "RUN_END")
    assert (result.first_utc_ns, result.last_utc_ns) == (UTC_NS, UTC_NS + len(LINES) - 1)
    assert result.last_hash == leaf_hash(LINES[-1])
    assert "whole" in str(result)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_every_changed_byte_is_detected_and_located(position: int, byte: int) -> None:
    if WHOLE[position] == byte:
        byte ^= 1
    result = check(WHOLE[:position] + bytes([byte]) + WHOLE[position + 1 :])
    assert not result.intact
    assert result.problem is not None
    # The changed record itself, or the one that no longer follows from it.
    record = WHOLE[:position].count(b"\n")
    assert result.problem.seq in (record, record + 1)


@pytest.mark.parametrize("position", [i for i, byte in enumerate(WHOLE) if byte == ord("\n")])
def test_every_changed_line_end_is_detected(position: int) -> None:
    assert not check(WHOLE[:position] + b" " + WHOLE[position + 1 :]).intact
    assert not check(WHOLE[:position] + WHOLE[position + 1 :]).intact


@pytest.mark.parametrize("index", range(len(LINES)))
def test_a_deleted_record_is_detected(index: int) -> None:
    result = check(joined(LINES[:index] + LINES[index + 1 :]))
    assert not result.ok and not result.intact
    assert result.problem is not None and result.problem.seq == index


@pytest.mark.parametrize("index", range(len(LINES)))
def test_a_doubled_record_is_detected(index: int) -> None:
    result = check(joined(LINES[: index + 1] + LINES[index:]))
    assert result.problem is not None and result.problem.seq == index + 1


@pytest.mark.parametrize("index", range(len(LINES) - 1))
def test_two_swapped_records_are_detected(index: int) -> None:
    swapped = [*LINES[:index], LINES[index + 1], LINES[index], *LINES[index + 2 :]]
    result = check(joined(swapped))
    assert result.problem is not None and result.problem.seq == index and result.problem.line == index + 1


def test_an_inserted_record_is_detected_though_its_own_hash_is_right() -> None:
    forged = after(LINES[:4]).line(RecordKind.CYCLE, stamp(), "test", {"q": [9.0]})
    result = check(joined([*LINES[:4], forged, *LINES[4:]]))
    assert result.problem is not None and result.problem.seq == 5


def test_a_last_record_without_its_checkpoint_is_a_problem() -> None:
    for note in (None, checkpoint(LINES[:-1]), checkpoint([*LINES[:-1], b"another"])):
        assert not check(WHOLE, note).ok


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1))
def test_a_crash_at_any_byte_leaves_a_good_prefix_and_a_torn_tail(length: int) -> None:
    result = check(WHOLE[:length], None)
    assert result.ok and not result.intact
    assert result.records == WHOLE[:length].count(b"\n")
    assert result.torn_tail_bytes == length - (WHOLE[:length].rfind(b"\n") + 1)


def test_zeros_that_a_power_cut_left_are_a_torn_tail() -> None:
    result = check(joined(LINES[:5]) + LINES[5][:40] + bytes(100) + b"x\n" + LINES[6] + b"\n", None)
    assert result.ok and result.records == 5 and result.torn_tail_bytes == 142 + len(LINES[6]) + 1


def test_a_torn_line_after_the_end_is_a_problem() -> None:
    assert not check(WHOLE + b"{").ok
    assert not check(WHOLE + b"{", None).ok
    lost = [*LINES[:-1], after(LINES[:-1]).line(RecordKind.CONTROL_LOST, stamp(), "audit-writer", {"reason": "it died"})]
    assert check(joined(lost), checkpoint(lost)).intact
    assert not check(joined(lost) + b"{", checkpoint(lost)).ok


def test_anything_after_the_end_is_a_problem() -> None:
    more = [*LINES, after(LINES).line(RecordKind.EVENT, stamp(), "test", {})]
    result = check(joined(more), checkpoint(more))
    assert result.problem is not None and "after the last" in result.problem.what


def respelled(change: Callable[[bytes], bytes]) -> VerifyResult:
    """A log whose third record is spelled otherwise, with every hash after it made right again."""
    lines = LINES[:2]
    prev = leaf_hash(lines[-1])
    for seq, line in enumerate(LINES[2:], start=2):
        record = json.loads(line) | {"prev": prev}
        text = change(canonical_bytes(record)) if seq == 2 else canonical_bytes(record)
        lines.append(text)
        prev = leaf_hash(text)
    return check(joined(lines), checkpoint(lines))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda line: line, None),
        (lambda line: line.replace(b'"schema":2', b'"schema": 2'), "canonical"),
        (lambda line: line.replace(b"-2.5e-7", b"-2.50e-7"), "canonical"),
        (lambda line: line.replace(b"-2.5e-7", b"-0.00000025"), "canonical"),
        (lambda line: line.replace(b'"seq":2', b'"seq":2.0'), "canonical"),
        (lambda line: line.replace("ï".encode(), b"\\u00ef"), "canonical"),
        (lambda line: line.replace(b",3]", b",NaN]"), "canonical"),
        (lambda line: line.replace(b",3]", b",9007199254740993]"), "canonical"),
        (lambda line: line + b"\r", "canonical"),
        (lambda line: b" " + line, "canonical"),
        (lambda line: line.replace(b'"schema":2', b'"schema":2,"schema":2'), "'schema' stands twice"),
        (lambda line: line.replace(b'"seq":2', b'"seq":7'), "sequence number 7"),
        (lambda line: line.replace(b'"schema":2', b'"schema":1'), "schema 1"),
        (lambda line: line.replace(b'"schema":2', b'"schema":true'), "schema True"),
        (lambda line: line.replace(b'"CYCLE"', b'"RUN_START"'), "no place"),
        (lambda line: line.replace(b'"CYCLE"', b'"CICLE"'), "no place"),
        (lambda line: line.replace(b'"utc_ns":"1', b'"utc_ns":"-1'), "nanoseconds"),
        (lambda line: line.replace(b'{"actor":"test",', b"{"), "fields"),
        (lambda line: line.replace(b'"clock_error_us":12', b'"clock_error_us":-1'), "clock_error_us"),
        (lambda line: b"[1]", "fields"),
        (lambda line: b"", "canonical"),
        (lambda line: b"[" * 100_000, "canonical"),
        (lambda line: b"1" * 5_000, "canonical"),
    ],
)
def test_a_line_in_another_spelling_is_refused_even_with_right_hashes(change: Callable[[bytes], bytes], what: str | None) -> None:
    result = respelled(change)
    if what is None:
        assert result.intact
    else:
        assert result.problem is not None and result.problem.seq == 2 and what in result.problem.what


def test_a_number_that_is_laid_out_in_many_digits_is_canonical() -> None:
    chain = Chain()
    large = [1e17, 123456789012345680000.0, 1e20, -9007199254740992.0]
    line = chain.line(RecordKind.RUN_START, stamp(), "test", {"large": large})
    assert check(line + b"\n", None).records == 1


def test_a_line_without_end_is_read_no_further_than_its_limit() -> None:
    result = check(b"x" * (2**20 + 10), None)
    assert result.problem is not None and "longer" in result.problem.what


@pytest.fixture
def rotated(tmp_path: Path) -> Iterator[Path]:
    for index, lines in enumerate((LINES[:4], LINES[4:7], LINES[7:])):
        (tmp_path / f"{index:06d}.jsonl").write_bytes(joined(lines))
    (tmp_path / "checkpoints").write_bytes(CHECKPOINT)
    yield tmp_path


def test_the_chain_runs_through_segments(rotated: Path) -> None:
    result = verify(rotated)
    assert result.intact and result.segments == 3
    assert [record["seq"] for record in read_records(rotated)] == list(range(len(LINES)))


@pytest.mark.parametrize("index", range(3))
def test_a_missing_segment_is_detected(rotated: Path, index: int) -> None:
    (rotated / f"{index:06d}.jsonl").unlink()
    assert not verify(rotated).ok


def test_a_torn_line_inside_the_log_is_no_torn_tail(rotated: Path) -> None:
    first = rotated / "000000.jsonl"
    first.write_bytes(first.read_bytes()[:-5])
    result = verify(rotated)
    assert result.problem is not None and result.problem.file == "000000.jsonl" and result.problem.seq == 3


def test_records_come_back_as_they_went_in(tmp_path: Path) -> None:
    (tmp_path / "000000.jsonl").write_bytes(WHOLE + b'{"torn')
    records = list(read_records(tmp_path))
    assert [canonical_bytes(record) for record in records] == LINES


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "000000.jsonl").write_bytes(LINES[0] + b"\nnot json\n")
    with pytest.raises(SpecificationError, match=r"000000\.jsonl:2"):
        list(read_records(tmp_path))


def test_a_directory_without_a_log_is_an_error_and_not_an_empty_log(tmp_path: Path) -> None:
    for ask in (verify, lambda path: list(read_records(path))):
        with pytest.raises(SpecificationError, match="no log here"):
            ask(tmp_path)


def test_a_run_directory_stands_for_its_log(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "000000.jsonl").write_bytes(WHOLE)
    assert verify(tmp_path).records == len(LINES)
