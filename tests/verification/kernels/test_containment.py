"""Every operation of every kernel contains what 200-bit Arb says, and refuses what has no value."""

from pathlib import Path

import numpy as np
import pytest

from verification.campaign.kernels import Probe, boxes, check_kernel, probes
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
