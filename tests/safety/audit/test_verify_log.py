"""The offline verifier on whole logs: what it says of good ones, of bad ones, of hostile files, and of what nobody can see."""

import json
import os
import re
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from safety.audit import RecordKind, Report, verify_log
from safety.audit.canonical import Json, encode_plain
from safety.audit.verify_log import describe, parse_strictly, parse_vkey, verify
from verification.campaign.made_log import MadeLog, make_log

pytestmark = pytest.mark.requirement("AUD-005")

FILE = Path(verify_log.__file__)
LOG = make_log()
OPEN = make_log(end=None)


def place(log: MadeLog, directory: Path) -> Path:
    """Write a log as a run directory; return that. The second place is `second` in it."""
    (directory / "audit").mkdir(parents=True)
    (directory / "second").mkdir()
    log.write(directory / "audit", directory / "second")
    (directory / "operator.pub").write_text(log.operator + "\n")
    return directory


def check(log: MadeLog, directory: Path, *, key: bool = True, copies: bool = True, jobs: int = 1) -> Report:
    place(log, directory)
    return verify(directory, parse_vkey(log.operator) if key else None, [directory / "second"] if copies else (), jobs)


def test_an_untouched_log_is_intact_and_says_who_vouches_since_when(tmp_path: Path) -> None:
    report = check(LOG, tmp_path)
    assert report.intact and report.closed and report.exit_code == 0 and not report.problems and not report.remarks
    assert (report.records, report.good, report.vouched, report.segments, report.state) == (240, 240, 240, 3, "closed")
    assert report.vouched_by == "checkpoints:67" and report.checkpoints == len(LOG.checkpoints)
    assert report.signatures == 2 * len(LOG.checkpoints) and report.operator_checked and report.certificate_number == 1
    assert report.last_hash == verify_log.leaf_hash(LOG.lines[-1]).hex()
    text = describe(report)
    assert text.startswith("INTACT") and "vouched    records 0 to 239, since 2026-09-21T14:13:21.195Z" in text
    assert "(clock at most 120 us off), by checkpoint 11 at checkpoints:67" in text


def test_two_processes_say_the_same_as_one(tmp_path: Path) -> None:
    one, two = check(LOG, tmp_path / "1"), check(LOG, tmp_path / "2", jobs=2)
    assert replace(one, directory="", vouched_by="") == replace(two, directory="", vouched_by="")


def test_a_log_that_the_writer_ended_is_intact_but_not_closed(tmp_path: Path) -> None:
    report = check(make_log(end=RecordKind.CONTROL_LOST), tmp_path)
    assert report.intact and not report.closed and "control process was lost" in describe(report)


def test_an_open_log_is_whole_as_far_as_it_goes_and_says_that_its_end_may_be_missing(tmp_path: Path) -> None:
    report = check(OPEN, tmp_path)
    assert report.ok and not report.intact and report.exit_code == 3
    assert report.vouched == OPEN.sizes[-1] < report.records
    assert "somebody cut it off at a checkpoint" in describe(report) and "who can write the file can make them up" in describe(report)


def test_a_single_changed_record_leaves_all_others_vouched_for(tmp_path: Path) -> None:
    lines = LOG.lines
    lines[100] = encode_plain(parse_strictly(lines[100]) | {"actor": "nobody"})
    report = check(LOG.with_lines(lines), tmp_path)
    assert [(p.file, p.line, p.seq, p.last_seq) for p in report.problems] == [("000001.jsonl", 11, 100, 100)]
    assert (report.exit_code, report.good, report.vouched) == (5, 100, 240)
    assert "records 0 to 239, but for those named above" in describe(report)


def test_two_changed_neighbours_are_not_taken_for_one(tmp_path: Path) -> None:
    lines = LOG.lines
    for seq in (100, 101):
        lines[seq] = encode_plain(parse_strictly(lines[seq]) | {"actor": "nobody"})
    report = check(LOG.with_lines(lines), tmp_path)
    assert report.problem is not None and report.problem.seq in (100, 101) and report.good <= 101 and report.vouched == 100


# -- what nobody can see without the key or the copy, and that the verifier says so --


def test_without_the_key_a_log_made_up_whole_looks_intact_and_that_is_said(tmp_path: Path) -> None:
    made_up = make_log(seed=1)
    report = check(made_up, tmp_path, key=False)
    assert report.exit_code == 0 and not report.operator_checked
    assert "NOT CHECKED: whoever wrote the whole log anew" in describe(report)
    report = verify(tmp_path, parse_vkey(LOG.operator))
    assert report.exit_code == 5 and report.vouched == 0 and report.problem is not None
    assert report.problem.seq == 1 and "vouches for nothing here" in report.problem.what


def test_a_log_without_certificate_says_that_nobody_vouches_for_its_keys(tmp_path: Path) -> None:
    log = make_log(certified=False)
    assert "nobody's certificate" in describe(check(log, tmp_path / "1", key=False))
    assert check(log, tmp_path / "2").exit_code == 5


def test_without_the_copy_a_cut_at_a_checkpoint_leaves_an_open_log_and_that_is_said(tmp_path: Path) -> None:
    cut = replace(LOG.with_lines(LOG.lines[: LOG.sizes[4]]), checkpoints=LOG.checkpoints[:5])
    report = check(cut, tmp_path, copies=False)
    assert report.exit_code == 3 and report.ok and "OPEN" in describe(report)
    report = verify(tmp_path, parse_vkey(LOG.operator), [tmp_path / "second"])
    assert report.exit_code == 5 and report.problem is not None and "cut off" in report.problem.what
    assert (report.problem.file, report.problem.line, report.problem.seq) == ("000002.jsonl", 1, LOG.sizes[4])


def test_after_the_last_checkpoint_anything_can_be_made_up_and_that_is_said(tmp_path: Path) -> None:
    lines = OPEN.lines
    lines[-1] = encode_plain(parse_strictly(lines[-1]) | {"actor": "forger"})
    report = check(OPEN.with_lines(lines), tmp_path)
    assert report.exit_code == 3 and report.vouched == OPEN.sizes[-1]
    assert f"records {report.vouched} to {report.records - 1}: chained only" in describe(report)


def test_signatures_that_cannot_be_checked_are_never_called_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_log, "ED25519", None)
    monkeypatch.setattr(verify_log, "CAN_CHECK_SIGNATURES", False)
    place(LOG, tmp_path)
    report = verify(tmp_path, parse_vkey(LOG.operator))
    report.signatures = None
    assert report.ok and not report.intact and report.exit_code == 3 and not report.operator_checked
    assert "NOT CHECKED" in describe(report) and "INTACT" not in describe(report)


# -- what a crash leaves, and what it does not --


def test_a_torn_tail_is_told_and_no_error_in_an_open_log(tmp_path: Path) -> None:
    place(OPEN, tmp_path)
    segment = tmp_path / "audit" / "000002.jsonl"
    for tail in (b'{"actor":', b"\0" * 512, b"abc\0def\n" + b"\0" * 9):
        whole = segment.read_bytes()
        segment.write_bytes(whole + tail)
        report = verify(tmp_path)
        assert report.ok and report.torn_tail_bytes == len(tail) and report.records == len(OPEN.lines)
        segment.write_bytes(whole)


@pytest.mark.parametrize("log", [LOG, OPEN], ids=["closed", "open"])
@pytest.mark.parametrize("seq", [0, 100, 185, 219])
def test_one_nul_byte_put_into_a_record_is_located_there_and_nowhere_else(tmp_path: Path, log: MadeLog, seq: int) -> None:
    lines = log.lines
    lines[seq] = lines[seq][:40] + b"\0" + lines[seq][40:]
    report = check(log.with_lines(lines), tmp_path)
    assert [(problem.file, problem.line, problem.seq, problem.last_seq) for problem in report.problems] == [
        (f"{seq // 90:06d}.jsonl", seq % 90 + 1, seq, seq)
    ]
    assert (report.exit_code, report.good, report.torn_tail_bytes) == (5, seq, 0)


def test_a_torn_tail_that_a_checkpoint_covers_is_a_cut(tmp_path: Path) -> None:
    place(OPEN, tmp_path)
    segment = tmp_path / "audit" / "000002.jsonl"
    segment.write_bytes(segment.read_bytes()[: len(OPEN.segments[2][0]) + 20])
    report = verify(tmp_path)
    assert not report.ok and report.problem is not None and "cut off" in report.problem.what and report.problem.seq == 181


def test_a_torn_tail_after_the_end_is_no_crash(tmp_path: Path) -> None:
    place(LOG, tmp_path)
    with (tmp_path / "audit" / "000002.jsonl").open("ab") as file:
        file.write(b"{")
    report = verify(tmp_path)
    assert report.problem is not None and "after RUN_END" in report.problem.what


def test_anything_after_the_end_is_a_problem(tmp_path: Path) -> None:
    lines = LOG.lines
    after = {"kind": "EVENT", "seq": 240, "prev": verify_log.leaf_hash(lines[-1]).hex(), "data": {}}
    report = check(LOG.with_lines([*lines, encode_plain(parse_strictly(lines[-1]) | after)]), tmp_path)
    assert report.problem is not None and "after RUN_END" in report.problem.what and report.problem.seq == 240


def test_a_torn_checkpoint_is_a_remark_in_an_open_log_and_a_problem_in_an_ended_one(tmp_path: Path) -> None:
    for log, is_fine in ((OPEN, True), (LOG, False)):
        directory = place(log, tmp_path / str(is_fine))
        for file in (directory / "audit" / "checkpoints", directory / "second" / f"{log.run}.checkpoints"):
            whole = file.read_bytes()
            file.write_bytes(whole + b"primum/audit/")
            report = verify(directory, parse_vkey(log.operator), [directory / "second"])
            assert report.ok is is_fine
            assert not is_fine or any("torn" in remark for remark in report.remarks)
            file.write_bytes(whole)


@pytest.mark.requirement("AUD-021")
def test_the_copy_may_lack_the_newest_checkpoint_but_no_other_and_the_first_place_none(tmp_path: Path) -> None:
    place(LOG, tmp_path)
    copy, first = tmp_path / "second" / f"{LOG.run}.checkpoints", tmp_path / "audit" / "checkpoints"
    for file, kept, code in ((copy, -1, 3), (copy, -2, 5), (copy, 0, 5), (first, -1, 3), (first, -2, 5), (first, 0, 5)):
        file.write_bytes(b"".join(LOG.checkpoints[:kept]))
        report = verify(tmp_path, parse_vkey(LOG.operator), [tmp_path / "second"])
        assert report.exit_code == code, (file, kept)
        assert any(file.name in f"{said}" for said in (*report.problems, *report.remarks))
        file.write_bytes(b"".join(LOG.checkpoints))


@pytest.mark.requirement("AUD-021")
def test_after_a_checkpoint_that_nobody_has_no_later_one_is_trusted(tmp_path: Path) -> None:
    log = replace(LOG, checkpoints=LOG.checkpoints[:3] + LOG.checkpoints[4:], second=LOG.checkpoints[:3] + LOG.checkpoints[4:])
    report = check(log, tmp_path)
    assert report.exit_code == 5 and report.vouched == LOG.sizes[2]


@pytest.mark.requirement("AUD-021")
def test_a_tail_signed_with_the_keys_of_another_run_is_refused_where_it_begins(tmp_path: Path) -> None:
    other = make_log(seed=5)
    log = replace(LOG, checkpoints=LOG.checkpoints[:6] + other.checkpoints[6:], second=LOG.checkpoints[:6] + other.checkpoints[6:])
    report = check(log, tmp_path)
    assert report.vouched == LOG.sizes[5] and report.problem is not None
    assert (report.problem.file, report.problem.line, report.problem.seq) == ("checkpoints", 37, LOG.sizes[5])


@pytest.mark.parametrize("field", ["records", "handed_over"])
def test_an_end_that_counts_other_records_is_a_problem(tmp_path: Path, field: str) -> None:
    lines = OPEN.lines
    keys = sum(parse_strictly(line)["kind"] == "KEY" for line in lines)
    data = {"records": len(lines), "handed_over": len(lines) - keys, "end": {}}
    data[field] = 7
    end = {"kind": "RUN_END", "seq": len(lines), "prev": verify_log.leaf_hash(lines[-1]).hex(), "data": data}
    report = check(OPEN.with_lines([*lines, encode_plain(parse_strictly(lines[-1]) | end)]), tmp_path)
    assert report.problem is not None and "counts" in report.problem.what and report.problem.seq == len(lines)


@pytest.mark.parametrize(
    ("counts", "what"),
    [
        ({"taken": 7}, "counts 7 records taken"),
        ({"taken": None}, "counts None of"),
        ({"handed_over": "many"}, "of 'many' records taken"),
    ],
)
def test_a_lost_control_process_whose_records_do_not_count_up_is_a_problem(tmp_path: Path, counts: dict[str, Json], what: str) -> None:
    report = check(make_log(end=RecordKind.CONTROL_LOST, end_data=counts), tmp_path)
    assert report.problem is not None and what in report.problem.what and report.problem.seq == 239


@pytest.mark.requirement("AUD-012")
@pytest.mark.parametrize(("data", "lost"), [({"gave_up": "too slow\x1b[2J"}, 0), ({"handed_over": 999}, 772)])
def test_a_log_that_was_given_up_or_that_lost_records_is_never_called_intact(tmp_path: Path, data: dict[str, Json], lost: int) -> None:
    report = check(make_log(end=RecordKind.CONTROL_LOST, end_data=data), tmp_path)
    assert (report.exit_code, report.lost, report.vouched) == (3, lost, report.records) and report.ok
    text = describe(report)
    assert ("too slow?[2J" if lost == 0 else "772 records that the control process handed over never reached the log") in text
    assert "\x1b" not in text


def test_a_log_that_grows_meanwhile_is_looked_at_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(replace(LOG.with_lines(LOG.lines[:150]), checkpoints=LOG.checkpoints[:7]), tmp_path)
    examine, calls = verify_log.examine, []

    def examine_while_the_run_goes_on(block: bytes) -> list[verify_log.Line]:
        calls.append(block)
        if len(calls) == 2:  # the first look was for the run's name
            LOG.write(tmp_path / "audit", tmp_path / "second")
        return examine(block)

    monkeypatch.setattr(verify_log, "examine", examine_while_the_run_goes_on)
    report = verify(tmp_path)
    assert report.ok and (report.records, report.vouched, report.torn_tail_bytes) == (150, LOG.sizes[6], 0)


def test_the_first_record_follows_nothing(tmp_path: Path) -> None:
    lines = OPEN.lines[:1]
    lines[0] = encode_plain(parse_strictly(lines[0]) | {"prev": "1" * 64})
    report = check(replace(OPEN.with_lines(lines), checkpoints=(), second=()), tmp_path)
    assert report.problem is not None and "64 zeros" in report.problem.what


# -- segments --


@pytest.mark.requirement("AUD-008")
@pytest.mark.parametrize("index", range(3))
def test_a_missing_segment_is_named(tmp_path: Path, index: int) -> None:
    place(LOG, tmp_path)
    (tmp_path / "audit" / f"{index:06d}.jsonl").unlink()
    report = verify(tmp_path)
    assert report.problem is not None and report.problem.seq == 90 * index and report.good == 90 * index
    assert index == 2 or any(problem.file == f"{index:06d}.jsonl" and "missing" in problem.what for problem in report.problems)


@pytest.mark.requirement("AUD-008")
def test_a_torn_line_inside_the_log_is_no_torn_tail(tmp_path: Path) -> None:
    place(LOG, tmp_path)
    first = tmp_path / "audit" / "000000.jsonl"
    first.write_bytes(first.read_bytes()[:-5])
    report = verify(tmp_path)
    assert report.problem is not None and (report.problem.file, report.problem.seq, report.torn_tail_bytes) == ("000000.jsonl", 89, 0)


def test_a_directory_without_a_log_is_an_error_and_not_an_empty_log(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no log here"):
        verify(tmp_path)


@pytest.mark.parametrize("planted", ["beside the segments' directory", "in it"])
def test_a_second_log_that_was_put_in_is_refused_and_never_taken_for_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], planted: str
) -> None:
    place(LOG, tmp_path)
    where, asked = (tmp_path, tmp_path) if planted.startswith("beside") else (tmp_path / "audit" / "audit", tmp_path / "audit")
    where.mkdir(exist_ok=True)
    make_log(seed=8).write(where, tmp_path / "second")
    with pytest.raises(ValueError, match="one of the two logs was put in"):
        verify(asked)
    assert verify_log.main([str(asked)]) == 2
    assert "segments lie here and in" in capsys.readouterr().err


# -- hostile files: refused, in bounded time and memory --


@pytest.mark.parametrize(
    "content",
    [
        b"x" * (2**20 + 10) + b"\n",
        b"[" * (2**20 - 1) + b"\n",
        b'{"a":' * 150_000 + b"\n",
        b"9" * (2**20 - 1) + b"\n",
        b'{"a":0.' + b"1" * 10**6 + b"}\n",
        b'{"seq":NaN}\n',
        b"\xff\xfe\n",
        b'{"kind":[],"kind":{}}\n',
        b"\n" * 200_000,
        b'"\\ud800"\n',
        b"",
        b"null\n0\n[]\n",
    ],
)
def test_a_hostile_segment_is_refused_and_located(tmp_path: Path, content: bytes) -> None:
    place(LOG, tmp_path)
    (tmp_path / "audit" / "000001.jsonl").write_bytes(content)
    began = time.process_time()
    report = verify(tmp_path)
    assert time.process_time() - began < 60.0, "bounded, whatever the machine"
    assert report.exit_code == 5 and report.good == 90 and report.problem is not None and report.problem.seq == 90
    assert len(report.problems) <= verify_log.MAX_PROBLEMS


@pytest.mark.parametrize(
    "fields", [{"kind": []}, {"kind": {}}, {"seq": True}, {"seq": -1}, {"seq": 2.5}, {"schema": 1}, {"data": []}, {"utc_ns": "01"}]
)
@pytest.mark.parametrize("where", [0, 1, 90])
def test_a_header_of_a_wrong_type_is_refused(tmp_path: Path, fields: dict[str, object], where: int) -> None:
    lines = LOG.lines
    lines[where] = encode_plain(parse_strictly(lines[where]) | fields)
    report = check(LOG.with_lines(lines), tmp_path)
    assert report.problem is not None and (report.problem.seq, report.good) == (where, where)


def test_a_line_that_claims_a_far_number_costs_no_memory(tmp_path: Path) -> None:
    lines = LOG.lines
    lines[50] = encode_plain(parse_strictly(lines[50]) | {"seq": 2**53 - 1, "prev": "1" * 64})
    report = check(LOG.with_lines(lines), tmp_path)
    assert report.problem is not None and report.problem.seq == 50 and report.good == 50


@pytest.mark.parametrize(
    "content", [b"x" * 10**6, b"\n" * 10**5, b"primum/audit/\n" * 10**4, b"\xff\n\n", b"primum/audit/a\n1\nAA==\n\n\xe2\x80\x94 a AA==\n\n"]
)
def test_a_hostile_checkpoint_file_is_refused(tmp_path: Path, content: bytes) -> None:
    place(LOG, tmp_path)
    (tmp_path / "audit" / "checkpoints").write_bytes(content)
    report = verify(tmp_path)
    assert report.exit_code == 5 and report.vouched == 0


@pytest.mark.parametrize("name", ["000001.jsonl", "checkpoints"])
def test_links_and_pipes_are_not_followed(tmp_path: Path, name: str) -> None:
    place(LOG, tmp_path)
    file = tmp_path / "audit" / name
    elsewhere = file.rename(tmp_path / "elsewhere")
    stand_ins: tuple[Callable[[], None], ...] = (lambda: file.symlink_to(elsewhere), lambda: os.mkfifo(file), file.mkdir)
    for make in stand_ins:
        make()
        report = verify(tmp_path)
        assert report.exit_code == 5
        assert any(problem.file == name and "is not a regular file" in problem.what for problem in report.problems)
        assert name == "checkpoints" or (report.problems[0].file, report.problems[0].seq, report.good) == (name, 90, 90)
        assert verify_log.main([str(tmp_path)]) == 5
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()


def test_what_a_forger_wrote_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    place(LOG, tmp_path)
    notes = (tmp_path / "audit" / "checkpoints").read_bytes()
    (tmp_path / "audit" / "FAULT").write_bytes(b"\x1b[2Jall is well\x07")
    (tmp_path / "audit" / "checkpoints").write_bytes(notes.replace(b"\n\xe2\x80\x94 primum", b"\n\xe2\x80\x94 \x1b[2Jprimum", 1))
    lines = LOG.lines
    lines[5] = encode_plain(parse_strictly(lines[5]) | {"kind": "\x1b[2J", "data": {}})
    (tmp_path / "audit" / "000000.jsonl").write_bytes(b"".join(line + b"\n" for line in lines[:90]))
    text = describe(verify(tmp_path))
    assert text.startswith("NOT INTACT") and "all is well" in text and all(c.isprintable() or c == "\n" for c in text)


def test_the_name_of_a_run_does_not_lead_out_of_the_second_place(tmp_path: Path) -> None:
    lines = LOG.lines
    record = parse_strictly(lines[0])
    lines[0] = encode_plain(record | {"data": record["data"] | {"run": "../../operator"}})
    report = check(LOG.with_lines(lines), tmp_path)
    assert report.problem is not None and report.problem.seq == 0 and report.run == LOG.run
    made_up = replace(LOG, segments=((lines[0],),), checkpoints=())
    report = check(made_up, tmp_path / "2")
    assert report.run == "" and report.exit_code == 5


def test_the_name_of_a_run_is_what_two_of_three_say_and_the_third_is_told(tmp_path: Path) -> None:
    other = make_log(seed=3).run
    lines = LOG.lines
    lines[0] = lines[0].replace(LOG.run.encode(), other.encode())
    report = check(LOG.with_lines(lines), tmp_path / "1")
    assert report.run == LOG.run and report.problem is not None and report.problem.seq == 0 and report.vouched == 240
    notes = (LOG.checkpoints[0].replace(LOG.run.encode(), other.encode()), *LOG.checkpoints[1:])
    report = check(replace(LOG, checkpoints=notes), tmp_path / "2")
    assert report.run == LOG.run and report.problem is not None and (report.problem.file, report.problem.line) == ("checkpoints", 1)


@pytest.mark.parametrize("size", [1, 60, 61, 79, 81, 85, 240, 999])
def test_a_checkpoint_of_another_size_is_told_at_its_place_and_hides_no_other(tmp_path: Path, size: int) -> None:
    note = LOG.checkpoints[3].replace(b"\n80\n", b"\n%d\n" % size)
    assert note != LOG.checkpoints[3]
    report = check(replace(LOG, checkpoints=(*LOG.checkpoints[:3], note, *LOG.checkpoints[4:])), tmp_path)
    assert [(problem.file, problem.line) for problem in report.problems] == [("checkpoints", 19)] and report.vouched == 240


def test_a_first_place_without_checkpoints_is_a_problem(tmp_path: Path) -> None:
    place(LOG, tmp_path)
    (tmp_path / "audit" / "checkpoints").unlink()
    for copies, vouched in (([], 0), ([tmp_path / "second"], 240)):
        report = verify(tmp_path, parse_vkey(LOG.operator), copies)
        assert report.exit_code == 5 and report.vouched == vouched and report.problem is not None
        assert report.problem.file == "checkpoints" and "12 in all" in report.problem.what


def test_a_changed_number_of_the_first_record_is_its_own(tmp_path: Path) -> None:
    lines = LOG.lines
    lines[0] = lines[0].replace(b'"seq":0', b'"seq":2')
    report = check(LOG.with_lines(lines), tmp_path)
    assert [(problem.seq, problem.last_seq) for problem in report.problems] == [(0, 0)] and report.vouched == 240


@pytest.mark.requirement("AUD-021")
@pytest.mark.parametrize("how", ["itself", "symbolic link", "hard link"])
def test_the_logs_own_checkpoints_are_no_second_place(tmp_path: Path, how: str) -> None:
    place(LOG, tmp_path)
    first, named = tmp_path / "audit" / "checkpoints", tmp_path / "second" / f"{LOG.run}.checkpoints"
    named.unlink()
    if how == "symbolic link":
        named.symlink_to(first)
    elif how == "hard link":
        named.hardlink_to(first)
    with pytest.raises(ValueError, match="no second place"):
        verify(tmp_path, None, [first if how == "itself" else tmp_path / "second"])


def test_a_second_place_without_the_run_is_a_problem(tmp_path: Path) -> None:
    place(LOG, tmp_path)
    (tmp_path / "second" / f"{LOG.run}.checkpoints").unlink()
    report = verify(tmp_path, None, [tmp_path / "second"])
    assert report.exit_code == 5 and report.problem is not None and "does not exist" in report.problem.what


# -- the file alone, as a reviewer has it --


def alone(tmp_path: Path, *arguments: object, can_sign: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a copy of the file in an empty directory by an isolated interpreter; without third-party packages unless can_sign."""
    empty = tmp_path / "empty"
    empty.mkdir(exist_ok=True)
    (empty / "verify_log.py").write_bytes(FILE.read_bytes())
    flags = ["-I"] if can_sign else ["-I", "-S"]
    return subprocess.run(
        [sys.executable, *flags, "verify_log.py", *map(str, arguments)], cwd=empty, text=True, capture_output=True, check=False, timeout=120
    )


@pytest.mark.requirement("AUD-007")
def test_with_the_run_and_the_public_key_alone_the_file_gives_the_right_answer(tmp_path: Path) -> None:
    run = place(LOG, tmp_path / "run")
    done = alone(tmp_path, run, "--key", run / "operator.pub")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("INTACT") and "checked with the key given" in done.stdout
    done = alone(tmp_path, run, "--key", run / "operator.pub", "--checkpoint", run / "second", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["verdict"], found["vouched"], found["signatures"]) == (0, "intact", 240, 2 * len(LOG.checkpoints))
    segment = run / "audit" / "000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"verdict":"PASS"', b'"verdict":"STOP"', 1))
    done = alone(tmp_path, run, "--key", run / "operator.pub")
    assert done.returncode == 5 and "000001.jsonl:" in done.stdout and "was changed" in done.stdout


@pytest.mark.requirement("AUD-007")
def test_a_bare_interpreter_checks_all_but_signatures_and_says_so(tmp_path: Path) -> None:
    run = place(LOG, tmp_path / "run")
    done = alone(tmp_path, run, "--key", run / "operator.pub", can_sign=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert "signatures NOT CHECKED" in done.stdout and "INTACT" not in done.stdout and "key given" not in done.stdout


@pytest.mark.parametrize(
    "arguments", [[], ["nowhere"], ["--check", "nowhere"], ["RUN", "--key", "RUN/audit/checkpoints"], ["RUN", "--checkpoint", "RUN/none"]]
)
def test_wrong_use_is_exit_code_2_and_one_line(tmp_path: Path, arguments: list[str]) -> None:
    run = place(LOG, tmp_path / "run")
    done = alone(tmp_path, *(word.replace("RUN", str(run)) for word in arguments))
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1


@pytest.mark.requirement("AUD-025")
def test_a_proof_is_made_and_checked_without_the_log(tmp_path: Path) -> None:
    run = place(OPEN, tmp_path / "run")
    for option, number in (
        ("--prove", 0),
        ("--prove", 90),
        ("--prove", OPEN.sizes[-1] - 1),
        ("--prove-since", 1),
        ("--prove-since", OPEN.sizes[0]),
    ):
        proof = tmp_path / "proof.json"
        proof.write_text(alone(tmp_path, run, option, number).stdout)
        found = json.loads(proof.read_text())
        assert alone(tmp_path, "--check", proof).returncode == 0
        assert found["root"] in {b64decode(note.split(b"\n")[2]).hex() for note in OPEN.checkpoints}
        name = "record" if option == "--prove" else "old_root"
        proof.write_text(json.dumps(found | {name: found[name][::-1]}))
        assert alone(tmp_path, "--check", proof).returncode == 2
    for option, number in (("--prove", OPEN.sizes[-1]), ("--prove", -1), ("--prove-since", 0), ("--prove-since", OPEN.sizes[-1] + 1)):
        assert alone(tmp_path, run, option, number).returncode == 2


@pytest.mark.parametrize(
    "proof", ["{}", "[]", "null", '{"size":1}', '{"size":"1","root":"","proof":[],"record":"","seq":0}', "[" * 100_000, "1e9"]
)
def test_what_is_no_proof_is_refused(tmp_path: Path, proof: str) -> None:
    file = tmp_path / "proof.json"
    file.write_text(proof)
    assert verify_log.main(["--check", str(file)]) == 2


def test_the_file_imports_the_standard_library_and_cryptography_only() -> None:
    import ast

    names = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(FILE.read_text("utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names <= set(sys.stdlib_module_names) | {"cryptography"}


def test_a_path_that_the_terminal_cannot_show_is_no_traceback(tmp_path: Path) -> None:
    run = place(LOG, tmp_path / "r\u00e9sultat")
    (tmp_path / "empty").mkdir()
    for asked, code in ((run, 0), (tmp_path / "\u00e0 c\u00f4t\u00e9", 2)):
        command = [sys.executable, "-X", "utf8=0", str(FILE), str(asked)]
        environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
        done = subprocess.run(command, cwd=tmp_path / "empty", env=environment, capture_output=True, check=False, timeout=120)
        assert done.returncode == code and b"Traceback" not in done.stderr, done.stderr
        assert re.search(rb"\\(xe|udc)", done.stdout + done.stderr)


@pytest.mark.parametrize("stand_in", ["directory", "missing", "no key"])
def test_a_key_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], stand_in: str) -> None:
    place(LOG, tmp_path)
    key = tmp_path / "key.pub"
    if stand_in == "directory":
        key.mkdir()
    elif stand_in == "no key":
        key.write_text("hello")
    assert verify_log.main([str(tmp_path), "--key", str(key)]) == 2
    said = capsys.readouterr().err
    assert str(key) in said and said.count("\n") == 1
