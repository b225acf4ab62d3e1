"""Every operation of every kernel contains what 200-bit Arb says, and refuses what has no value."""

from pathlib import Path

import flint
import numpy as np
import pytest

from verification.campaign.kernels import Probe, boxes, check_kernel, probes, random_tape, walk
from verification.kernels import CompiledKernel, NumpyKernel

PROBES = list(probes())


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_ten_thousand_boxes_of_every_kind_are_enclosed(probe: Probe) -> None:
    result = check_kernel(NumpyKernel(probe.tape), probe, 10_000, seed=0)
    assert result.ok, (result.bounded, result.escapes[:3])


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_the_compiled_kernel_gives_the_same_bounds_bit_for_bit(probe: Probe, cache: Path) -> None:
    lower, upper = boxes(10_000, np.random.default_rng(1))
    for mine, theirs in zip(CompiledKernel(probe.tape, cache)(lower, upper), NumpyKernel(probe.tape)(lower, upper), strict=True):
        assert np.array_equal(mine, theirs, equal_nan=True)


def test_random_tapes_enclose_what_arb_computes_and_are_not_all_poisoned() -> None:
    """1600 bits: a sine of 1e200 eats 660 of them, and Arb must still know the value."""
    bounded = 0
    before, flint.ctx.prec = flint.ctx.prec, 1600
    try:
        for seed in range(200):
            rng = np.random.default_rng(seed)
            tape = random_tape(rng)
            centre = rng.uniform(-3.0, 3.0, (12, 2)) * 10.0 ** rng.choice([0.0, 0.0, 2.0, -5.0, 5.0], (12, 1))
            width = np.abs(centre) * rng.choice([0.0, 1e-10, 1e-3, 0.3], (12, 1))
            low, high = NumpyKernel(tape)(centre - width, centre + width)
            inner = np.clip(centre + width * rng.uniform(-1.0, 1.0, centre.shape), centre - width, centre + width)
            for k in np.flatnonzero(~np.isnan(low[:, 0])):
                value = walk(tape, *(flint.arb(float(x)) for x in inner[k]))
                escaped = value < flint.arb(float(low[k, 0])) or value > flint.arb(float(high[k, 0]))
                assert value.is_finite() and not escaped, (seed, tape.text)
                bounded += 1
    finally:
        flint.ctx.prec = before
    assert bounded > 1000
