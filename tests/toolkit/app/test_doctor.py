"""What the machine offers, in words that say what it means for a run."""

from pathlib import Path

import pytest

from toolkit.app import doctor


@pytest.mark.parametrize(
    ("runtime_us", "found", "meaning"),
    [
        ("950000\n", "95%", "stopped for 50 ms"),
        ("-1\n", "unlimited", "keep its core"),
        ("many\n", "unknown", "does not tell"),
        (None, "unknown", "does not tell"),
    ],
)
def test_the_share_of_real_time_is_read_and_explained(
    runtime_us: str | None, found: str, meaning: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if runtime_us is not None:
        (tmp_path / "sched_rt_runtime_us").write_text(runtime_us)
    (tmp_path / "sched_rt_period_us").write_text("1000000\n")
    monkeypatch.setattr(doctor, "_SCHEDULER", tmp_path)
    (finding,) = [f for f in doctor.examine() if f.what == "real-time share"]
    assert finding.found == found and meaning in finding.meaning
