"""The bench of fields, and ETH's own code at ten thousand random points where there is an interpreter that has it."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.toolkit.models.magnetics.second_opinion import CARDIOMAG, NAVION, OCTOMAG
from toolkit import InvalidInput
from toolkit.models.magnetics import load_mpem_model
from verification.bench.fields import INTERPRETER, bench_fields, mag_manip_matrices


def test_each_tool_has_a_row_and_magpylib_agrees() -> None:
    pytest.importorskip("magpylib")
    rows = bench_fields((NAVION,), points=50)
    assert [row.tool for row in rows] == ["Primum", "mag-manip", "Primum, 24 loops each", "magpylib, same loops"]
    ours, theirs, air, magpylib = rows
    assert ours.one_us and air.many_ms and magpylib.one_us
    assert magpylib.difference_B is not None and magpylib.difference_B < 1e-12
    assert theirs.difference_B is not None or INTERPRETER in theirs.note


def test_an_interpreter_that_is_absent_or_does_not_answer_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(INTERPRETER, raising=False)
    with pytest.raises(InvalidInput, match="not installed"):
        mag_manip_matrices(NAVION, np.zeros((1, 3)))
    monkeypatch.setenv(INTERPRETER, str(tmp_path / "python"))
    with pytest.raises(InvalidInput, match="No such file"):
        mag_manip_matrices(NAVION, np.zeros((1, 3)))
    monkeypatch.setenv(INTERPRETER, "/bin/false")
    with pytest.raises(InvalidInput, match=INTERPRETER):
        mag_manip_matrices(NAVION, np.zeros((1, 3)))


@pytest.mark.skipif(not os.environ.get(INTERPRETER), reason=f"{INTERPRETER} names no Python with mag-manip and NumPy 1")
@pytest.mark.parametrize("path", [OCTOMAG, CARDIOMAG, NAVION], ids=lambda path: path.stem)
def test_eths_code_agrees_at_ten_thousand_random_points(path: Path) -> None:
    model, rng = load_mpem_model(path), np.random.default_rng(7)
    p, i = rng.uniform(model.lower_m, model.upper_m, (10_000, 3)), rng.uniform(-10.0, 10.0, (10_000, model.n))
    A, offset, _ = mag_manip_matrices(path, p)
    y = np.einsum("krn,kn->kr", A, i) + offset
    found = model.field(p, i)
    for part, ours in ((y[:, :3], found.B_tesla), (y[:, 3:], found.g5_tesla_per_m)):
        assert (np.linalg.norm(ours - part, axis=1) / np.linalg.norm(part, axis=1)).max() <= 1e-9
