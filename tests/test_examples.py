"""Every example is short and runs to its end, as a user would start it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9][0-9]_*.py"))
LINES_MAX = 80


def test_examples_are_named_by_number_and_verb() -> None:
    assert sorted((ROOT / "examples").glob("*.py")) == EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_runs(example: Path, tmp_path: Path) -> None:
    assert len(example.read_text(encoding="utf-8").splitlines()) < LINES_MAX
    command = [sys.executable, str(example), str(tmp_path / "pictures")]
    ended = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    picture = tmp_path / "pictures" / f"{example.stem}.png"
    assert picture.stat().st_size > 10_000, "an example draws what it shows"
    assert str(picture) in ended.stdout, "and says where"
    assert {path.name for path in tmp_path.iterdir()} == {"pictures"}, "and writes nowhere else"
