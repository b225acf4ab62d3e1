from pathlib import Path

import pytest

from safety.audit import read_records, verify
from toolkit import InvalidInput
from verification.bench import bench_audit
from verification.campaign.full_cycle import full_cycles


def test_all_three_writers_are_given_the_same_records_and_keep_them(tmp_path: Path) -> None:
    bench = bench_audit(tmp_path, rate_hz=500.0, seconds=0.4)
    log, sqlite, fsync = bench.rows
    assert [row.records > 0 and row.durable_per_s > 0.0 for row in bench.rows] == [True] * 3
    assert verify(tmp_path / "log").ok and sum(record["kind"] == "CYCLE" for record in read_records(tmp_path / "log")) == log.records
    assert len((tmp_path / "fsync.jsonl").read_bytes().splitlines()) == fsync.records
    assert "SQLite" in bench.table() and sqlite.name in bench.table() and log.writer_cpu_us > 0.0


def test_a_record_is_of_the_size_it_claims() -> None:
    payloads = full_cycles(4)
    assert len({str(payload) for payload in payloads}) == 4


@pytest.mark.parametrize(("rate_hz", "seconds", "plan"), [(0.0, 1.0, 2), (100.0, float("nan"), 2), (100.0, 1.0, 0)])
def test_a_measurement_that_cannot_be_made_is_refused(tmp_path: Path, rate_hz: float, seconds: float, plan: int) -> None:
    with pytest.raises(InvalidInput, match="rate_hz"):
        bench_audit(tmp_path, rate_hz, seconds, plan)
