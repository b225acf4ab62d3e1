"""A user's function is asked once; whatever it returns or raises becomes a checked path or one error."""

from pathlib import Path

import numpy as np
import pytest

from toolkit import SpecificationError
from toolkit.procedure import Generator, Placement, SampledPath
from toolkit.procedure.path_generator import generate_path

TO_B = Placement(rotation_BD=((1, 0, 0), (0, 1, 0), (0, 0, 1)), translation_B_m=(0.0, 0.0, -0.1))
CIRCLE = """
import numpy as np

def circle(t_s):
    return 10.0 * np.stack([np.cos(t_s), np.sin(t_s), 0.0 * t_s], axis=1)

NUMBER = 3
"""


def generated(folder: Path, text: str, function: str = "circle") -> SampledPath:
    path = folder / "paths.py"
    path.write_text(text)
    return generate_path(path, Generator(function=f"paths.py:{function}", rate_hz=100.0, duration_s=1.0, unit="mm"), 1.0, TO_B)


def test_the_function_is_sampled_from_zero_to_the_end(tmp_path: Path) -> None:
    path = generated(tmp_path, CIRCLE)
    t = np.arange(101) / 100.0
    np.testing.assert_allclose(path.positions_B_m, np.stack([0.01 * np.cos(t), 0.01 * np.sin(t), -0.1 + 0 * t], axis=1), atol=1e-15)
    assert path.duration_s == 1.0


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("0.0 * t_s]", "np.nan * t_s]", "not finite"),
        ("axis=1", "axis=0", "expected shape (101, 3), got (3, 101)"),
        ("return 10.0", "return 'x' or 10.0", "not an array of numbers"),
        ("return 10.0", "return 1e4", "implausible: did you mean 10 mm"),
        ("np.sin(t_s)", "np.where(t_s < 0.5, 0, 1.1)", "a jump of 0.011"),
        ("np.cos(t_s)", "np.cas(t_s)", "paths.py:5: circle: raised AttributeError"),
        ("import numpy as np", "import numpy as np\n1 / 0", "paths.py:3: circle: raised ZeroDivisionError"),
        ("def circle(t_s):", "def circle(t_s)", "paths.py:4: not Python"),
        ("def circle", "def circles", "no such function: did you mean 'circles'? the file has circles"),
        ("def circle(t_s)", "def circle()", "raised TypeError"),
    ],
)
def test_a_bad_function_is_one_error(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert CIRCLE.count(old) == 1
    text = CIRCLE.replace(old, new)
    with pytest.raises(SpecificationError) as caught:
        generated(tmp_path, text)
    assert problem in str(caught.value)
    assert str(tmp_path / "paths.py") in str(caught.value)


def test_what_is_not_a_function_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="no such function"):
        generated(tmp_path, CIRCLE, "NUMBER")


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="cannot be read"):
        generate_path(tmp_path / "no.py", Generator(function="no.py:f", rate_hz=100.0, duration_s=1.0, unit="m"), 1.0, TO_B)


@pytest.mark.parametrize("duration_s", [0.015, 0.0, float("nan"), 5000.0])
def test_a_duration_between_samples_or_outside_the_range_is_refused(duration_s: float) -> None:
    with pytest.raises(SpecificationError, match="duration_s"):
        Generator(function="paths.py:circle", rate_hz=100.0, duration_s=duration_s, unit="m")
