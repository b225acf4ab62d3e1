import numpy as np
import pytest

from controllers import ClippedPid, PidGains
from toolkit import InvalidInput

GAINS = PidGains(2.0, 0.5, 0.1)


def test_the_output_is_the_three_terms() -> None:
    pid = ClippedPid(GAINS, np.eye(2), [100.0, 100.0], 0.1)
    assert pid.compute([0.0, 0.0], [1.0, -1.0]) == pytest.approx([2.05, -2.05])
    assert pid.compute([0.5, 0.0], [1.0, -1.0]) == pytest.approx([1.0 + 0.5 * 0.15 - 0.5, -2.0 - 0.5 * 0.2])


def test_a_box_lets_the_norm_exceed_one_limit_and_turns_the_direction() -> None:
    pid = ClippedPid(GAINS, np.eye(2), [1.0, 1.0], 0.1)
    w = pid.compute([0.0, 0.0], [10.0, 3.0])
    assert np.linalg.norm(w) == pytest.approx(np.sqrt(2.0)) and w[1] / w[0] != pytest.approx(0.3)


def test_the_integral_stands_still_while_clipped() -> None:
    pid = ClippedPid(PidGains(1.0, 1.0, 0.0), np.eye(1), [1.0], 0.1)
    for _ in range(100):
        pid.compute([0.0], [10.0])
    assert pid.compute([0.0], [0.0]) == pytest.approx([0.0])


def test_nonsense_is_refused() -> None:
    pid = ClippedPid(GAINS, np.eye(2), [1.0, 1.0], 0.1)
    for position in ([np.nan, 0.0], [0.0]):
        with pytest.raises(InvalidInput, match="position"):
            pid.compute(position, [0.0, 0.0])
    with pytest.raises(InvalidInput, match="limit"):
        ClippedPid(GAINS, np.eye(2), [1.0, 0.0], 0.1)
    with pytest.raises(InvalidInput, match="integral"):
        PidGains(1.0, -1.0, 0.0)
