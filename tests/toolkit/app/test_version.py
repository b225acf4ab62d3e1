"""Which build computes: every file that runs counts, and nothing is left out silently."""

from pathlib import Path

import pytest

from toolkit.app import version
from toolkit.app.version import source_sha256, version_info


def test_every_part_that_computes_is_named() -> None:
    found = version_info()
    assert found["primum"] and len(found["source"]) == 64 and found["cpu"]
    for name in ("numpy", "casadi", "daqp", "python", "blas", "libm"):
        assert found[name], name
    assert all(isinstance(value, str) for value in found.values())


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "safety").mkdir()
    (tmp_path / "safety" / "shield.py").write_text("K = 1\n")
    monkeypatch.setattr(version, "_ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("change", ["edit", "add", "rename", "data"])
def test_any_change_of_a_source_file_is_another_build(tree: Path, change: str) -> None:
    before = source_sha256.__wrapped__()
    file = tree / "safety" / "shield.py"
    if change == "edit":
        file.write_text("K = 0\n")
    elif change == "add":
        (tree / "safety" / "more.py").write_text("")
    elif change == "rename":
        file.rename(tree / "safety" / "shield2.py")
    else:
        (tree / "safety" / "data.yaml").write_text("a: 1\n")
    assert source_sha256.__wrapped__() != before
    (tree / "safety" / "notes.txt").write_text("not a part")
    after = source_sha256.__wrapped__()
    (tree / "safety" / "notes.txt").write_text("still not")
    assert source_sha256.__wrapped__() == after
