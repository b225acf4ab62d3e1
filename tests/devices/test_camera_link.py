"""Frames over the camera link: whole or not at all, late by the latency, and a link that breaks says so."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.camera import CameraFrame
from devices.camera_link import HEADER, MAGIC, VERSION, WAITING_MAX, CameraLink, CameraServer
from toolkit import DeviceFault, InvalidInput

LATENCY_S = 0.03


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CameraServer]:
    server = CameraServer(tmp_path / "frames", LATENCY_S)
    yield server
    server.close()


@pytest.fixture
def link(server: CameraServer, tmp_path: Path) -> Iterator[CameraLink]:
    with CameraLink(tmp_path / "frames") as link:
        yield link


def frame(number: int, t_s: float = 0.0, shape: tuple[int, int] = (32, 40)) -> CameraFrame:
    return CameraFrame(np.random.default_rng(number).integers(0, 256, shape, np.uint8), number, t_s)


def test_a_frame_comes_as_it_was_and_not_before_its_latency(server: CameraServer, link: CameraLink) -> None:
    sent = frame(7, 1.0)
    server.offer(1, sent)
    server.flush(1.0 + LATENCY_S - 1e-3)
    assert link.poll() == []
    server.flush(1.0 + LATENCY_S)
    [(camera, got)] = link.poll()
    assert (camera, got.number, got.t_s) == (1, 7, 1.0) and np.array_equal(got.image, sent.image)
    assert link.poll() == [] and server.lost == 0


def test_a_client_that_does_not_read_loses_whole_frames_and_no_part_of_one(server: CameraServer, link: CameraLink) -> None:
    for number in range(100):
        server.offer(0, frame(number, number / 60, (200, 300)))
        server.flush(10.0)
    assert 0 < server.lost < 100
    got = []
    for _ in range(100):
        got += link.poll()
        server.flush(10.0)
    numbers = [one.number for _, one in got]
    assert len(numbers) == 100 - server.lost and numbers == sorted(set(numbers))
    assert numbers[-WAITING_MAX:] == list(range(100 - WAITING_MAX, 100)), "the newest are kept"
    assert all(np.array_equal(one.image, frame(one.number, 0.0, (200, 300)).image) for _, one in got)


def test_without_a_client_frames_are_lost_and_a_later_client_gets_new_ones(server: CameraServer, tmp_path: Path) -> None:
    server.offer(0, frame(1, 1.0))
    server.flush(2.0)
    assert server.lost == 1
    with CameraLink(tmp_path / "frames") as first:
        server.offer(0, frame(2, 2.0))
        server.flush(3.0)
        assert [one.number for _, one in first.poll()] == [2]
    for number in (3, 4):  # the first of them finds that the client has gone
        server.offer(0, frame(number, 3.0))
        server.flush(4.0)
    with CameraLink(tmp_path / "frames") as second:
        server.offer(0, frame(5, 4.0))
        server.flush(5.0)
        assert [one.number for _, one in second.poll()] == [5]


def test_a_link_that_is_gone_gives_its_last_frames_and_then_says_so(server: CameraServer, link: CameraLink) -> None:
    server.offer(0, frame(1, 1.0))
    server.flush(2.0)
    server.close()
    assert len(link.poll()) == 1
    for _ in range(2):
        with pytest.raises(DeviceFault, match="gone"):
            link.poll()


def test_nobody_there_is_a_device_fault(tmp_path: Path) -> None:
    with pytest.raises(DeviceFault, match="No such file"):
        CameraLink(tmp_path / "nothing")
    with pytest.raises(DeviceFault, match="camera link"):
        CameraServer(tmp_path / "no" / "folder", LATENCY_S)


class _Line:
    """Bytes that a server of another kind might send, fed to a link's parser in pieces."""

    def __init__(self, path: Path) -> None:
        self.server = CameraServer(path, 0.0)
        self.link = CameraLink(path)
        self.server.offer(0, frame(0))
        self.server.flush(1.0)
        self.link.poll()

    def send(self, data: bytes) -> None:
        self.server._waiting.append(data)
        self.server.flush(1.0)

    def close(self) -> None:
        self.link.close()
        self.server.close()


def header(**changes: object) -> bytes:
    fields = {"magic": MAGIC, "version": VERSION, "camera": 0, "number": 1, "rows": 8, "columns": 8, "t_s": 1.0} | changes
    return HEADER.pack(*fields.values())


@pytest.mark.parametrize(
    "changes",
    [{"magic": b"JUNK"}, {"version": 2}, {"camera": 16}, {"rows": 7}, {"columns": 8193}, {"t_s": float("nan")}, {"t_s": -1.0}],
)
def test_what_is_no_header_is_a_device_fault_and_ends_the_link(tmp_path: Path, changes: dict[str, object]) -> None:
    line = _Line(tmp_path / "frames")
    line.send(header(**changes) + bytes(64))
    for _ in range(2):
        with pytest.raises(DeviceFault, match="this is no frame"):
            line.link.poll()
    line.close()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 150), min_size=1, max_size=12))
def test_frames_are_the_same_however_they_are_cut(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    line = _Line(tmp_path_factory.mktemp("link") / "frames")
    data = b"".join(header(number=k) + bytes([k]) * 64 for k in range(1, 6))
    got = []
    for cut in [*cuts, len(data)]:
        line.send(data[:cut])
        data = data[cut:]
        got += line.link.poll()
    line.close()
    assert [(one.number, one.image.max()) for _, one in got] == [(k, k) for k in range(1, 6)]


def test_what_the_link_cannot_carry_is_refused(server: CameraServer) -> None:
    with pytest.raises(InvalidInput, match="camera 16"):
        server.offer(16, frame(1))
    with pytest.raises(InvalidInput, match="uint16"):
        server.offer(0, CameraFrame(np.zeros((8, 8), np.uint16), 1, 0.0))
