"""Reading a log: what is left out as torn, and what is refused with its place."""

from pathlib import Path

import pytest

from safety.audit import read_lines, read_records
from safety.audit.canonical import encode_plain
from safety.audit.verify_log import parse_strictly
from tests.safety.audit.test_verify_log import place
from toolkit import SpecificationError
from verification.campaign.made_log import make_log

pytestmark = pytest.mark.requirement("AUD-005")

LOG = make_log()
OPEN = make_log(end=None)


def test_every_line_comes_with_its_place(tmp_path: Path) -> None:
    found = list(read_lines(place(LOG, tmp_path)))
    assert [line for _, _, line in found] == LOG.lines
    assert [(path.name, number) for path, number, _ in found[89:91]] == [("000000.jsonl", 90), ("000001.jsonl", 1)]


@pytest.mark.parametrize("tail", [b'{"actor":', b"\0" * 512, b"abc\0def\n" + OPEN.lines[-1] + b"\n"])
def test_a_torn_tail_is_left_out(tmp_path: Path, tail: bytes) -> None:
    place(OPEN, tmp_path)
    with (tmp_path / "audit" / "000002.jsonl").open("ab") as file:
        file.write(tail)
    assert [line for _, _, line in read_lines(tmp_path)] == OPEN.lines


@pytest.mark.parametrize("seq", [5, 100, 200])
def test_a_nul_byte_in_a_record_that_a_checkpoint_covers_is_refused_there(tmp_path: Path, seq: int) -> None:
    lines = LOG.lines
    lines[seq] = lines[seq][:9] + b"\0" + lines[seq][9:]
    with pytest.raises(SpecificationError, match=rf"{seq // 90:06d}\.jsonl:{seq % 90 + 1}: .*NUL byte"):
        list(read_records(place(LOG.with_lines(lines), tmp_path)))


def test_a_segment_that_is_cut_inside_the_log_is_refused(tmp_path: Path) -> None:
    first = place(LOG, tmp_path) / "audit" / "000000.jsonl"
    first.write_bytes(first.read_bytes()[:-5])
    with pytest.raises(SpecificationError, match=r"000000\.jsonl:90: .*without its end"):
        list(read_lines(tmp_path))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kind": None}, "kind is None"),
        ({"mono_ns": 5}, "mono_ns is 5"),
        ({"mono_ns": "soon"}, "mono_ns is 'soon', a decimal number"),
        ({"utc_ns": "1" * 400}, "utc_ns is '111"),
        ({"data": []}, "data is"),
        ({"seq": "1"}, "seq is '1'"),
    ],
)
def test_a_record_without_what_every_record_has_is_refused_with_its_place(tmp_path: Path, change: dict[str, object], what: str) -> None:
    lines = LOG.lines
    record = parse_strictly(lines[100]) | change
    lines[100] = encode_plain({name: value for name, value in record.items() if value is not None})
    with pytest.raises(SpecificationError, match=rf"000001\.jsonl:11: not a record: {what}"):
        list(read_records(place(LOG.with_lines(lines), tmp_path)))


def test_a_line_nested_too_deeply_is_refused_with_its_place(tmp_path: Path) -> None:
    lines = LOG.lines
    lines[3] = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with pytest.raises(SpecificationError, match=r"000000\.jsonl:4"):
        list(read_records(place(LOG.with_lines(lines), tmp_path)))
