"""A witness takes every checkpoint, or the log does not end in order."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from safety.audit import AuditLog, RecordKind, verify
from safety.audit import witness as witness_module
from safety.audit.checkpoint import checkpoint_text
from safety.audit.machine_state import refuse_unresolved
from safety.audit.note import SigningKey
from safety.audit.witness import LAST_S, Witness
from safety.audit.witness_server import witness_server
from toolkit import AuditFault

pytestmark = pytest.mark.requirement("AUD-034")
RUN = "0123456789abcdef" * 2


def checkpoint(size: int, run: str = RUN, root: bytes = bytes(32)) -> bytes:
    origin = f"primum/audit/{run}"
    return (SigningKey(origin).sign(checkpoint_text(origin, size, root)) + "\n").encode()


@contextmanager
def serving(directory: Path, port: int = 0) -> Iterator[str]:
    server = witness_server(directory, "127.0.0.1", port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_it_has_what_the_log_has_and_shows_a_tail_that_was_cut(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with serving(kept) as url:
        with AuditLog(tmp_path / "run" / "audit", {}, witness=url) as log:
            for number in range(20):
                log.append(
                    RecordKind.STATE if number % 5 == 0 else RecordKind.CYCLE, {"state": "x", "number": number}, urgent=number % 5 == 0
                )
                time.sleep(0.01)
        (file,) = kept.iterdir()
        assert file.name == f"{log.run}.checkpoints"
        assert file.read_bytes() == (tmp_path / "run" / "audit" / "checkpoints").read_bytes()
        asked = http.client.HTTPConnection(url.removeprefix("http://"))
        asked.request("GET", f"/{log.run}")
        assert asked.getresponse().read() == file.read_bytes()
        asked.close()
    assert verify(tmp_path / "run", copies=[kept]).intact
    lines = (tmp_path / "run" / "audit" / "000000.jsonl").read_bytes().splitlines(keepends=True)
    whole = (tmp_path / "run" / "audit" / "checkpoints").read_bytes()
    first = whole.index(b"\n\n", whole.index(b"\n\n") + 2) + 2
    size = int(whole.split(b"\n")[1])
    (tmp_path / "run" / "audit" / "000000.jsonl").write_bytes(b"".join(lines[:size]))
    (tmp_path / "run" / "audit" / "checkpoints").write_bytes(whole[:first])
    assert verify(tmp_path / "run").ok, "by itself it looks like a log whose writer died"
    assert not verify(tmp_path / "run", copies=[kept]).ok, "the witness has more"


def test_a_log_that_the_witness_did_not_take_to_its_end_did_not_end_in_order(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit", {}, state=tmp_path / "state", witness=f"http://127.0.0.1:{free_port()}")
    log.append(RecordKind.CYCLE, {"number": 1})
    began_s = time.monotonic()
    log.close()  # all of it is durable here
    assert time.monotonic() - began_s < LAST_S + 5.0
    assert "has not taken the last checkpoint" in verify(tmp_path).fault
    with pytest.raises(AuditFault, match="did not end in order"):
        refuse_unresolved(tmp_path / "state")


def test_patience_ends_and_says_why() -> None:
    witness = Witness(f"http://127.0.0.1:{free_port()}", RUN, patience_s=0.2)
    witness.check()
    witness.tell(checkpoint(1))
    end_s = time.monotonic() + 10.0
    with pytest.raises(AuditFault, match=r"has not taken a checkpoint for 0\.2 s: .*refused"):
        while time.monotonic() < end_s:
            witness.check()
            time.sleep(0.01)
    with pytest.raises(AuditFault):
        witness.close()


def test_a_witness_that_is_away_for_a_while_gets_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_module, "_PAUSE_S", 0.02)
    port = free_port()
    witness = Witness(f"http://127.0.0.1:{port}", RUN)
    sent = [checkpoint(size) for size in range(1, 6)]
    for one in sent[:3]:
        witness.tell(one)
    time.sleep(0.2)
    with serving(tmp_path, port):
        for one in sent[3:]:
            witness.tell(one)
        witness.close()
    assert (tmp_path / f"{RUN}.checkpoints").read_bytes() == b"".join(sent)


def test_another_history_is_refused_at_once_and_for_good(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        first = Witness(url, RUN)
        first.tell(checkpoint(7))
        first.close()
        other = Witness(url, RUN)
        other.tell(checkpoint(7))
        with pytest.raises(AuditFault, match="refused a checkpoint: 409 another history"):
            other.close()
        with pytest.raises(AuditFault, match="409"):
            other.check()


@pytest.mark.parametrize(("status", "says"), [(302, "302"), (500, "500")])
def test_an_answer_that_is_no_yes_is_none(monkeypatch: pytest.MonkeyPatch, status: int, says: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

    monkeypatch.setattr(witness_module, "LAST_S", 0.3)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    witness = Witness(f"http://127.0.0.1:{server.server_address[1]}", RUN)
    witness.tell(checkpoint(1))
    with pytest.raises(AuditFault, match=says):
        witness.close()
    server.shutdown()
    thread.join()
    server.server_close()
