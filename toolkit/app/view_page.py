"""The view's own process: reads samples from standard input, shows them with viser, ends when the input ends.

Started by view.py with a JSON header line on standard input, answers one JSON line {"url": ...}, then reads fixed-size rows of
little-endian float64: t_s, verdict code, q (n), points (m x 3).
"""

import json
import os
import select
import time
from itertools import combinations
from typing import Any

import numpy as np

from toolkit import FloatArray, Verdict

FRAME_S = 1 / 25
STALE_S = 1.0
_SCALE = 10.0  # 1 scene unit = 0.1 m: the browser's camera clips what is nearer than 0.01 units
_PIECE, _PIECES_MAX = 100, 60
_VERDICTS = tuple(Verdict)
# the report's colours (Okabe-Ito)
_COLORS = np.array([[122, 130, 139], [86, 180, 233], [230, 159, 0], [176, 48, 127]], dtype=np.uint8)
_REGION_COLORS = {"out": (176, 48, 127), "in": (0, 121, 92)}
_NOTICE = "**A view, not an E-stop.** Nothing here reaches the arm; closing this page stops nothing."


class Page:
    """The scene and the text beside it."""

    def __init__(self, header: dict[str, Any]) -> None:
        import viser  # noqa: PLC0415  (an optional extra, and only this process needs it)

        self.header = header
        self.server = viser.ViserServer(host="127.0.0.1", port=header["port"], label=f"Primum: {header['arm']}", verbose=False)
        self.server.gui.configure_theme(control_layout="fixed", show_logo=False, show_share_button=False)
        self.server.scene.set_up_direction("+z")
        self.server.gui.add_markdown(_NOTICE)
        self.text = self.server.gui.add_markdown("Waiting for the first sample.")
        self.server.gui.add_markdown(_legend(header))
        for region in header["regions"]:
            self._segments(f"/regions/{region['name']}", np.array(region["segments_m"]), _REGION_COLORS[region["keep"]], 1.5)
        self.tail: list[FloatArray] = []
        self.piece = 0
        self.count = 0
        self.shown_at = 0.0
        self.aimed = False

    def _segments(self, name: str, points_m: FloatArray, color: Any, thickness: float, units: str = "screen") -> None:
        if len(points_m):
            colors = np.broadcast_to(np.asarray(color, dtype=np.uint8), (len(points_m), 2, 3))
            self.server.scene.add_line_segments(
                name, points=np.float32(points_m * _SCALE), colors=colors, thickness=thickness, thickness_units=units
            )

    def show(self, rows: FloatArray) -> None:
        """Draw the newest of `rows`, shape (k, 2 + n + 3 m), and extend the trail by all of them."""
        n = self.header["n"]
        self.count += len(rows)
        newest = rows[-1]
        points = newest[2 + n :].reshape(-1, 3)
        verdict = _VERDICTS[int(newest[1])]
        self._aim(points[self.header["tip"]])
        with self.server.atomic():
            for body in self.header["bodies"]:
                pairs = np.array([[points[a], points[b]] for a, b in combinations(body["points"], 2)]).reshape(-1, 2, 3)
                # a line as thick as the body: its capsule, seen from anywhere
                self._segments(f"/arm/{body['name']}", pairs, (70, 76, 84), 2 * body["radius_m"] * _SCALE, "world")
            self._extend_trail(rows)
            self.server.scene.add_label("/tip", verdict.value, position=points[self.header["tip"]] * _SCALE)
        q = ", ".join(f"{x:.4f}" for x in newest[2 : 2 + n])
        self.text.content = f"## {verdict.value}\n\nt = {newest[0]:.2f} s, {self.count} samples\n\nq = {q} (rad, m)"
        self.shown_at = time.monotonic()

    def _extend_trail(self, rows: FloatArray) -> None:
        first = 2 + self.header["n"] + 3 * self.header["tip"]
        self.tail += [row[[1, first, first + 1, first + 2]] for row in rows]
        while len(self.tail) > 1:
            part = np.array(self.tail[: _PIECE + 1])
            segments = np.stack([part[:-1, 1:], part[1:, 1:]], axis=1)
            colors = np.repeat(_COLORS[part[1:, 0].astype(int)][:, None, :], 2, axis=1)
            self._segments(f"/trail/{self.piece % _PIECES_MAX}", segments, colors, 3.0)
            if len(self.tail) <= _PIECE:
                return
            self.tail = self.tail[_PIECE:]
            self.piece += 1

    def _aim(self, tip_m: FloatArray) -> None:
        """Look at the tip once, at the first sample; afterwards the camera belongs to the viewer."""
        if self.aimed:
            return
        camera = self.server.initial_camera
        camera.look_at = tuple(tip_m * _SCALE)
        camera.position = tuple((tip_m + np.array([0.10, -0.14, 0.09])) * _SCALE)
        self.aimed = True

    def idle(self) -> None:
        """Say it when the picture is old: a frozen picture must not look like an arm at rest."""
        if self.count and time.monotonic() - self.shown_at > STALE_S:
            self.text.content = f"## No samples for {time.monotonic() - self.shown_at:.0f} s\n\nThe picture shows the past."


def _legend(header: dict[str, Any]) -> str:
    trail = "Trail of the tip: PASS grey, MODIFIED blue, BACKUP orange, STOP magenta."
    regions = ", ".join(f"{r['name']} (keep {r['keep']})" for r in header["regions"])
    return f"{trail}\n\nRegions: {regions or 'none'}. Keep-out magenta, keep-in green."


def _read_header() -> dict[str, Any]:
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise EOFError("the control process went before it said what to show")
        line += byte
    header: dict[str, Any] = json.loads(line)
    return header


def run() -> None:
    """Serve until standard input ends."""
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # never beside the servo loop at its priority
    os.nice(10)
    answer = os.dup(1)
    os.dup2(2, 1)  # what libraries write to standard output is not our answer
    header = _read_header()
    page = Page(header)
    os.write(answer, json.dumps({"url": f"http://127.0.0.1:{page.server.get_port()}"}).encode() + b"\n")
    os.close(answer)
    size = 8 * (2 + header["n"] + 3 * header["m"])
    rest, next_s = b"", 0.0
    while True:
        readable, _, _ = select.select([0], [], [], FRAME_S)
        if readable:
            chunk = os.read(0, 1 << 16)
            if not chunk:
                break
            rest += chunk
        whole = len(rest) - len(rest) % size
        if whole and time.monotonic() >= next_s:
            page.show(np.frombuffer(rest[:whole], dtype="<f8").reshape(-1, size // 8))
            rest, next_s = rest[whole:], time.monotonic() + FRAME_S
        elif not readable:
            page.idle()
    page.server.stop()


if __name__ == "__main__":
    run()
