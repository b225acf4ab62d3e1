"""A run directory holds what the run was made of: kept once, checked by hash, and enough to build the same safety layer again."""

import errno
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.toolkit.app.runs import EXAMPLE, PROFILE, procedure_text
from toolkit import AuditFault, SpecificationError
from toolkit.app import run_inputs
from toolkit.app.assembly import Assembly, assemble
from toolkit.app.run_inputs import read_inputs, run_meta

APPROACH = EXAMPLE.with_name("psm_approach.yaml")


@pytest.fixture(scope="module")
def approach(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A procedure with a Python function in it, profile and all in a folder of its own."""
    folder = tmp_path_factory.mktemp("approach")
    shutil.copytree(PROFILE.parent, folder / "profile")
    shutil.copy(APPROACH.with_name("approach_path.py"), folder)
    path = folder / "procedure.yaml"
    path.write_text(re.sub(r"\.\./profiles/\S+?\.yaml", "profile/profile.yaml", APPROACH.read_text()))
    return assemble(path)


def test_what_is_kept_builds_the_same_parts_when_all_else_is_gone(approach: Assembly, tmp_path: Path) -> None:
    kept, elsewhere = tmp_path / "kept", tmp_path / "elsewhere"
    kept.mkdir()
    meta = run_meta(approach, kept)
    shutil.move(kept, elsewhere)
    origin = Path(approach.procedure.file).parent
    hidden = origin.with_name("hidden")
    origin.rename(hidden)
    try:
        again = read_inputs(elsewhere, meta)
    finally:
        hidden.rename(origin)
    assert again.hashes == approach.hashes == meta["hashes"]
    assert np.array_equal(again.tube.e, approach.tube.e) and np.array_equal(again.shield.K, approach.shield.K)
    assert {i: path.positions_B_m.tobytes() for i, path in again.paths.items()} == {
        i: path.positions_B_m.tobytes() for i, path in approach.paths.items()
    }
    assert again.paths and all(path.rate_hz == 200 for path in again.paths.values())


def test_the_function_of_a_procedure_is_not_kept_and_never_run_again(
    approach: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = run_meta(approach, tmp_path)
    assert not list(tmp_path.rglob("*.py"))
    monkeypatch.setattr("builtins.exec", lambda *_: pytest.fail("a run directory is data, not a program"))
    read_inputs(tmp_path, meta)
    (index,) = approach.paths
    entry = meta["inputs"][f"inputs/path_{index}.npy"]
    assert entry["named"] == "approach_path.py:approach" and entry["named_sha256"] == approach.paths[index].sha256


def test_a_profile_that_changes_while_the_run_starts_is_refused(tmp_path: Path) -> None:
    shutil.copytree(PROFILE.parent, tmp_path / "profile")
    path = tmp_path / "procedure.yaml"
    path.write_text(procedure_text("  - enable: {}\n  - disable: {}\n").replace(str(PROFILE), "profile/profile.yaml"))
    assembly = assemble(path)
    profile = tmp_path / "profile" / "profile.yaml"
    profile.write_text(profile.read_text().replace("reply_timeout_ms: 15", "reply_timeout_ms: 16"))
    (tmp_path / "run").mkdir()
    with pytest.raises(SpecificationError, match="changed while the run was starting"):
        run_meta(assembly, tmp_path / "run")


def test_a_disk_that_takes_no_copy_is_an_audit_fault(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_inputs, "write_durably", full)
    with pytest.raises(AuditFault, match=r"cannot be kept.*No space left"):
        run_meta(line, tmp_path)


def test_a_directory_that_already_keeps_a_run_is_not_written_over(line: Assembly, tmp_path: Path) -> None:
    run_meta(line, tmp_path)
    with pytest.raises(AuditFault, match="File exists"):
        run_meta(line, tmp_path)


@pytest.mark.parametrize("damage", ["not numpy", "pickle", "another shape"])
def test_positions_that_are_none_are_refused(damage: str, approach: Assembly, tmp_path: Path) -> None:
    meta = run_meta(approach, tmp_path)
    (index,) = approach.paths
    file = tmp_path / f"inputs/path_{index}.npy"
    if damage == "not numpy":
        file.write_bytes(b"1,2,3\n")
    else:
        array = np.array([{}], dtype=object) if damage == "pickle" else np.zeros((4, 2))
        np.save(file, array, allow_pickle=damage == "pickle")
    meta["inputs"][f"inputs/path_{index}.npy"]["sha256"] = run_inputs.hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(SpecificationError, match="not the positions of a path"):
        read_inputs(tmp_path, meta)
