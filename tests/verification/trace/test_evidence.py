"""Test evidence comes back as it was written, and what was edited or cannot be is refused."""

import json
from pathlib import Path

import pytest

from tests.verification.trace.small import evidence, result, results
from toolkit import InvalidInput, SpecificationError
from verification.trace import read_evidence, write_evidence

pytestmark = pytest.mark.requirement("CYB-013")


def test_evidence_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = write_evidence(evidence(), tmp_path / "new")
    found, digest = read_evidence(tmp_path / "new")
    assert found == evidence() and len(digest) == 64 and path.name == "evidence.json"
    assert [name.name for name in sorted((tmp_path / "new").iterdir())] == ["evidence.json", "evidence.json.sha256"]


def test_the_same_evidence_is_the_same_bytes(tmp_path: Path) -> None:
    paths = [write_evidence(evidence(), tmp_path / name) for name in ("a", "b")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("position", [0, 40, -2])
def test_an_edited_byte_is_refused(position: int, tmp_path: Path) -> None:
    path = write_evidence(evidence(), tmp_path)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(SpecificationError, match="not what was written"):
        read_evidence(tmp_path)


def test_a_missing_or_empty_digest_is_refused(tmp_path: Path) -> None:
    write_evidence(evidence(), tmp_path)
    (tmp_path / "evidence.json.sha256").write_text("")
    with pytest.raises(SpecificationError, match="not what was written"):
        read_evidence(tmp_path)
    (tmp_path / "evidence.json.sha256").unlink()
    with pytest.raises(SpecificationError, match="no test evidence"):
        read_evidence(tmp_path)


def test_a_file_of_another_kind_with_a_right_digest_is_refused(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "evidence.json").write_text("{}")
    (tmp_path / "evidence.json.sha256").write_text(f"{hashlib.sha256(b'{}').hexdigest()}  evidence.json\n")
    with pytest.raises(SpecificationError, match="not test evidence"):
        read_evidence(tmp_path)


def test_a_write_that_fails_leaves_no_evidence_that_could_be_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_evidence(evidence(), tmp_path)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InvalidInput, match="No space left"):
        write_evidence(evidence(exit_status=1), tmp_path)
    with pytest.raises(SpecificationError, match="no test evidence"):
        read_evidence(tmp_path)
    assert json.loads((tmp_path / "evidence.json").read_text())["exit_status"] == 0, "the old file was not harmed"
    assert len(list(tmp_path.iterdir())) == 1, "no temporary file is left"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tests": [*results(), results()[0]], "collected": 4}, "two results"),
        ({"collected": 5}, "3 results for 5 collected"),
        ({"tests": [result("a", "unknown")], "collected": 1}, "outcome"),
        ({"tests": [result("a") | {"duration_s": float("nan")}], "collected": 1}, "duration_s"),
        ({"extra": 1}, "extra"),
    ],
)
def test_evidence_that_contradicts_itself_cannot_be_made(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        evidence(**changes)  # type: ignore[arg-type]
