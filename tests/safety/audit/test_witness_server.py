"""What a witness keeps, and what it refuses."""

import http.client
import os
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.audit import witness_server as module
from safety.audit.witness_server import Refused, WitnessStore
from tests.safety.audit.test_witness import RUN, checkpoint, serving

pytestmark = pytest.mark.requirement("AUD-034")
HISTORY = [checkpoint(size) for size in (1, 4, 5, 9, 40, 41, 300)]
OTHER = "f" * 32


def refused(store: WitnessStore, body: bytes, run: str = RUN) -> Refused:
    with pytest.raises(Refused) as raised:
        store.keep(run, body)
    return raised.value


@given(pieces=st.lists(st.tuples(st.integers(0, 6), st.integers(1, 7)), max_size=12))
def test_pieces_that_overlap_or_come_again_leave_the_history_in_order(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, int]]
) -> None:
    """Each piece is a run of checkpoints; one that skips some is a history with fewer, and no later one may put them back."""
    store, kept = WitnessStore(tmp_path_factory.mktemp("store")), []
    for begin, length in pieces:
        piece = HISTORY[begin : begin + length]
        new = [one for one in piece if one not in kept]
        if not new or not kept or HISTORY.index(new[0]) > HISTORY.index(kept[-1]):
            store.keep(RUN, b"".join(piece))
            kept += new
        else:
            assert refused(store, b"".join(piece)).status == HTTPStatus.CONFLICT
        if kept:
            assert store.kept(RUN) == b"".join(kept)


def test_another_history_a_smaller_one_and_what_is_none_change_nothing(tmp_path: Path) -> None:
    store = WitnessStore(tmp_path / "made" / "here")
    store.keep(RUN, b"".join(HISTORY[:4]))
    before = store.kept(RUN)
    assert refused(store, checkpoint(9)).status == HTTPStatus.CONFLICT, "the same size, signed by another key"
    assert refused(store, checkpoint(6)).status == HTTPStatus.CONFLICT
    shortened = HISTORY[4].replace(b"\n40\n", b"\n040\n")
    backwards = HISTORY[5] + HISTORY[4]
    for bad in (b"", b"x", HISTORY[4][:-1], HISTORY[4] + b"\n", backwards, checkpoint(50, OTHER), shortened):
        assert refused(store, bad).status == HTTPStatus.BAD_REQUEST, bad
    assert store.kept(RUN) == before and [path.name for path in (tmp_path / "made" / "here").iterdir()] == [f"{RUN}.checkpoints"]
    with pytest.raises(Refused) as raised:
        store.kept(OTHER)
    assert raised.value.status == HTTPStatus.NOT_FOUND


def test_a_disk_that_fails_leaves_whole_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = WitnessStore(tmp_path)
    store.keep(RUN, HISTORY[0])

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.keep(RUN, HISTORY[1])
    monkeypatch.undo()
    assert store.kept(RUN) == HISTORY[0]
    store.keep(RUN, HISTORY[1])
    assert store.kept(RUN) == b"".join(HISTORY[:2])


@pytest.mark.parametrize("half", [b"p", HISTORY[2][:-1], HISTORY[2][:40]])
def test_half_a_checkpoint_that_a_power_cut_left_is_none(tmp_path: Path, half: bytes) -> None:
    store = WitnessStore(tmp_path)
    store.keep(RUN, HISTORY[0])
    with (tmp_path / f"{RUN}.checkpoints").open("ab") as file:
        file.write(half)
    assert store.kept(RUN) == HISTORY[0]
    store.keep(RUN, HISTORY[1])
    assert (tmp_path / f"{RUN}.checkpoints").read_bytes() == HISTORY[0] + HISTORY[1]


def test_there_is_an_end_to_what_it_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", len(HISTORY[0]) + 10)
    monkeypatch.setattr(module, "RUNS_MAX", 1)
    store = WitnessStore(tmp_path)
    store.keep(RUN, HISTORY[0])
    assert refused(store, HISTORY[1]).status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert refused(store, checkpoint(1, OTHER), OTHER).status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    ("method", "path", "length", "status"),
    [
        ("GET", f"/{RUN}", None, 404),
        ("GET", "/", None, 404),
        ("GET", "/../../etc/passwd", None, 404),
        ("GET", f"/{RUN.upper()}", None, 404),
        ("POST", "/nowhere", "4", 404),
        ("POST", f"/{RUN}", "4", 400),
        ("POST", f"/{RUN}", "-1", 411),
        ("POST", f"/{RUN}", "many", 411),
        ("POST", f"/{RUN}", str(2**21), 413),
        ("DELETE", f"/{RUN}", None, 501),
        ("PUT", f"/{RUN}", "4", 501),
    ],
)
def test_what_is_no_request_of_a_log_is_refused(tmp_path: Path, method: str, path: str, length: str | None, status: int) -> None:
    with serving(tmp_path) as url:
        asked = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5.0)
        asked.putrequest(method, path)
        if length is not None:
            asked.putheader("Content-Length", length)
        asked.endheaders(b"none" if length == "4" else None)
        assert asked.getresponse().status == status
        asked.close()
    assert list(tmp_path.iterdir()) == []
