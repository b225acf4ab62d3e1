"""The control process's end of the live view: samples go into a pipe that is never waited for.

The view (view_page.py, viser) is another process with normal priority. A sample is one write of at most PIPE_BUF bytes to a
non-blocking pipe: the kernel takes all of it or none (POSIX write(2)), so the servo loop is never delayed and a slow viewer only
loses samples, which are counted. When the control process ends in any way, the pipe closes and the view ends with it.

A view is not an E-stop: nothing flows back.
"""

import json
import os
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import IO, Any, Protocol

import numpy as np

from toolkit import FloatArray, InvalidInput, Verdict, finite_array, finite_number
from toolkit.models import Body
from verification.report import Region, wireframe

START_S_MAX = 30.0
_CLOSE_S_MAX = 3.0
_CUT_M = 0.3
_CODES = {verdict: float(code) for code, verdict in enumerate(Verdict)}


class ViewedArm(Protocol):
    """What the view needs of an arm; `toolkit.models.SerialArm` has it."""

    @property
    def name(self) -> str: ...
    @property
    def n(self) -> int: ...
    @property
    def point_names(self) -> tuple[str, ...]: ...
    @property
    def bodies(self) -> tuple[Body, ...]: ...


@dataclass(frozen=True, eq=False)
class ViewSample:
    """What is shown of one cycle. t_s: [s]; q: shape (n,), [rad] or [m]; points_m: body points in B, shape (m, 3), [m]."""

    t_s: float
    q: FloatArray
    verdict: Verdict
    points_m: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", finite_array(self.q, "view sample: q", (None,)))
        object.__setattr__(self, "points_m", finite_array(self.points_m, "view sample: points_m", (None, 3)))


class LiveView:
    """A running view: `push` samples, read `dropped`, `close`. Made by `start_view`."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, n: int, m: int) -> None:
        self.url = url
        self.pushed = 0
        self.dropped = 0
        self._process, self._n, self._m = process, n, m
        self._pack = struct.Struct(f"<{2 + n + 3 * m}d")

    def push(self, sample: ViewSample) -> bool:
        """Hand one sample over without waiting; False (and `dropped` counts it) when the view is behind, gone or closed.

        Raises: InvalidInput: a sample of another arm's shape.
        """
        if not (sample.q.shape == (self._n,) and sample.points_m.shape == (self._m, 3)):
            raise InvalidInput(f"view sample: q {sample.q.shape}, points_m {sample.points_m.shape}: not ({self._n},), ({self._m}, 3)")
        row = self._pack.pack(sample.t_s, _CODES[sample.verdict], *sample.q.tolist(), *sample.points_m.ravel().tolist())
        pipe = self._process.stdin
        try:
            if pipe is not None and not pipe.closed:
                os.write(pipe.fileno(), row)
                self.pushed += 1
                return True
        except (BlockingIOError, BrokenPipeError):
            pass  # behind, or gone: what a view may lose; counted below
        self.dropped += 1
        return False

    @property
    def running(self) -> bool:
        """Whether the view's process is alive."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the view's process, by force if it does not go by itself. Twice is harmless."""
        _end(self._process)

    def __enter__(self) -> "LiveView":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start_view(arm: ViewedArm, regions: Sequence[Region], port: int = 8080) -> LiveView:
    """Start the view in its own process, serving http on this machine only (127.0.0.1).

    Args: port: 1024..65535; the next free one is taken when it is in use, see `LiveView.url`.
    Raises: InvalidInput: viser is not installed, a port out of range, an arm with too many points, or the view did not start.
    """
    if find_spec("viser") is None:
        raise InvalidInput("the live view needs the package viser: pip install 'primum[view]'")
    finite_number(port, "view: port", 1024, 65535)
    n, m = arm.n, len(arm.point_names)
    if not 8 * (2 + n + 3 * m) <= select.PIPE_BUF:
        raise InvalidInput(f"view: {n} joints and {m} points do not fit one atomic write of {select.PIPE_BUF} bytes")
    header = json.dumps({"port": port, "arm": arm.name, "n": n, "m": m, **_bodies(arm), "regions": _regions(regions)})
    # -P and an explicit path: the view imports the same packages as this process, whatever lies in the working directory
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "toolkit.app.view_page"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            start_new_session=True,  # a Ctrl-C is for the control process; the view goes when its pipe closes
            env=environment,
        )
        try:
            url = _hand_over(process, header.encode() + b"\n")
        except (OSError, ValueError, KeyError) as error:
            _end(process)
            raise InvalidInput(f"view: did not start within {START_S_MAX} s: {error} {_tail(errors)}") from error
    return LiveView(process, url, n, m)


def _hand_over(process: subprocess.Popen[bytes], header: bytes) -> str:
    """Send the header, wait for the ready line; both before one deadline, so that a view that hangs cannot hang the run."""
    deadline = time.monotonic() + START_S_MAX
    pipe, answer = process.stdin, process.stdout
    if pipe is None or answer is None:
        raise OSError("no pipe to the view")
    os.set_blocking(pipe.fileno(), False)
    while header:
        _, ready, _ = select.select([], [pipe], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError("it does not read")
        header = header[os.write(pipe.fileno(), header[: select.PIPE_BUF]) :]
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([answer], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(answer.fileno(), 4096) if ready else b""
        if not chunk:
            raise TimeoutError("it does not answer" if process.poll() is None else f"it ended with code {process.poll()}")
        line += chunk
    return str(json.loads(line)["url"])


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()
    for stop in (None, process.terminate, process.kill):
        if stop is not None:
            stop()
        try:
            process.wait(_CLOSE_S_MAX)
            return
        except subprocess.TimeoutExpired:
            continue


def _bodies(arm: ViewedArm) -> dict[str, Any]:
    index = {name: i for i, name in enumerate(arm.point_names)}
    bodies = [{"name": b.name, "points": [index[p] for p in b.points], "radius_m": b.radius_m} for b in arm.bodies]
    return {"bodies": bodies, "tip": index.get("tip", len(index) - 1)}


def _regions(regions: Sequence[Region]) -> list[dict[str, Any]]:
    low, high = np.full(3, -_CUT_M), np.full(3, _CUT_M)
    return [{"name": r.name, "keep": r.keep, "segments_m": wireframe(r, low, high).tolist()} for r in regions]


def _tail(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return f"({lines[-1]})" if lines else ""
