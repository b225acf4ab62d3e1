"""The live view: serves, receives, never delays its feeder, ends with it."""

import os
import signal
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from toolkit import InvalidInput, Verdict
from toolkit.app import view
from toolkit.app.view import LiveView, ViewSample, start_view
from toolkit.models import Body
from verification.report import CapsuleRegion, PolytopeRegion


@dataclass(frozen=True)
class Stick:
    """A one-joint arm: enough to be looked at."""

    name: str = "stick"
    n: int = 1
    point_names: tuple[str, ...] = ("base", "tip")
    bodies: tuple[Body, ...] = (Body("rod", ("base", "tip"), 0.004),)


REGIONS = (
    CapsuleRegion("vessel", "out", [-0.03, 0.02, -0.1], [0.03, 0.02, -0.1], 0.004),
    PolytopeRegion("floor", "in", [[0, 0, -1]], [0.15]),
)


def sample(t_s: float, verdict: Verdict = Verdict.PASS) -> ViewSample:
    return ViewSample(t_s, [np.sin(t_s)], verdict, [[0, 0, 0], [0.05 * np.sin(t_s), 0.01, -0.1]])


def ends(running: LiveView, within_s: float = 15.0) -> bool:
    deadline = time.monotonic() + within_s
    while running.running and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running.running


def test_a_view_serves_a_page_takes_samples_and_closes() -> None:
    with start_view(Stick(), REGIONS, 18080) as running:
        assert running.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(running.url, timeout=10) as answer:  # noqa: S310
            assert answer.status == 200 and b"<html" in answer.read().lower()
        for k in range(400):
            running.push(sample(k * 0.005, list(Verdict)[k // 100]))
            if k % 50 == 0:
                time.sleep(0.05)
        assert running.pushed + running.dropped == 400 and running.pushed >= 100
        time.sleep(0.5)
        assert running.running, "it survives what it was sent"
    assert not running.running
    assert running.push(sample(3.0)) is False
    running.close()


@pytest.mark.requirement("CYB-006")
def test_a_view_that_hangs_costs_samples_and_never_time() -> None:
    with start_view(Stick(), (), 18090) as running:
        os.kill(running._process.pid, signal.SIGSTOP)
        results = [running.push(sample(k * 0.005)) for k in range(5000)]
        os.kill(running._process.pid, signal.SIGCONT)
        # had one push waited for the stopped process, this line would never be reached
        assert results[0] and not results[-1]
        assert running.dropped == results.count(False) and running.pushed + running.dropped == 5000


@pytest.mark.requirement("CYB-006")
def test_a_killed_view_is_noticed_and_counted_and_stops_nothing() -> None:
    with start_view(Stick(), (), 18100) as running:
        os.kill(running._process.pid, signal.SIGKILL)
        assert ends(running)
        assert running.push(sample(0.0)) is False and running.dropped == 1


def test_the_view_ends_when_its_feeder_goes() -> None:
    running = start_view(Stick(), (), 18110)
    assert running._process.stdin is not None
    running._process.stdin.close()
    assert ends(running)
    running.close()


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r"pip install 'primum\[view\]'"):
        start_view(Stick(), ())


def test_a_view_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view.sys, "executable", "/bin/false")
    with pytest.raises(InvalidInput, match="view: did not start"):
        start_view(Stick(), ())


@pytest.mark.parametrize("port", [0, 80, 65536, float("nan")])
def test_a_port_out_of_range_is_refused(port: Any) -> None:
    with pytest.raises(InvalidInput, match="port"):
        start_view(Stick(), (), port)


def test_a_sample_that_is_not_finite_or_of_another_arm_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not finite"):
        ViewSample(0.0, [float("nan")], Verdict.PASS, [[0, 0, 0], [0, 0, 0]])
    with start_view(Stick(), (), 18120) as running, pytest.raises(InvalidInput, match="view sample"):
        running.push(ViewSample(0.0, [0.0, 0.0], Verdict.PASS, [[0, 0, 0], [0, 0, 0]]))


def test_an_arm_with_more_points_than_one_atomic_write_is_refused() -> None:
    crowd = Stick(point_names=tuple(str(i) for i in range(400)), bodies=())
    with pytest.raises(InvalidInput, match="atomic"):
        start_view(crowd, ())
