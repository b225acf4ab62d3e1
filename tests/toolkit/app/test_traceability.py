"""`primum trace` and `primum sbom` on this very checkout, and what they refuse."""

import json
import shutil
from pathlib import Path

import pytest

from tests.toolkit.app.conftest import Primum
from tests.verification.trace.small import evidence
from toolkit.app import traceability
from toolkit.app.traceability import ROOT, trace_checkout
from verification.trace import counted, write_evidence


@pytest.mark.requirement("CYB-012")
def test_this_checkout_has_no_gap_in_its_links() -> None:
    _, gaps = trace_checkout(None)
    assert [str(gap) for gap in counted(gaps, release=False)] == []


@pytest.mark.requirement("CYB-012")
def test_what_is_planned_is_listed_apart_and_counts_for_a_release(primum: Primum) -> None:
    code, out, err = primum("trace")
    assert code == 0 and "0 gaps" in err and "planned: FRC-003" in err and "links are checked, outcomes are not" in err
    assert "SAF-001" in out and "HAZ-35" in out and "test_only_safety_constructs_certified_commands" in out
    code, _, err = primum("trace", "--release")
    assert code == 3 and "gap: planned: FRC-003" in err and "gap: no evidence: evidence: none was given" in err


@pytest.mark.requirement("CYB-012", "CYB-013")
def test_evidence_of_another_commit_is_a_gap_with_exit_code_3(primum: Primum, tmp_path: Path) -> None:
    write_evidence(evidence([]), tmp_path)
    code, out, err = primum("trace", "--evidence", tmp_path, "--format", "json")
    assert code == 3 and "gap: other version: evidence: of commit c0ffee" in err and "gap: not run" in err
    assert json.loads(out)["complete"] is False


@pytest.mark.requirement("CYB-013")
def test_evidence_that_is_not_there_is_bad_input(primum: Primum, tmp_path: Path) -> None:
    code, _, err = primum("trace", "--evidence", tmp_path)
    assert code == 2 and "no test evidence" in err


def test_the_page_is_written_where_it_is_wanted(primum: Primum, tmp_path: Path) -> None:
    _, out, err = primum("trace", "--format", "html", "--out", tmp_path / "trace.html")
    assert not out and "written: " in err and "HAZ-35" in (tmp_path / "trace.html").read_text()
    code, _, err = primum("trace", "--format", "html", "--out", tmp_path / "none" / "trace.html")
    assert code == 2 and "cannot be written" in err


def test_an_installed_package_without_requirements_says_so(primum: Primum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_checkout, "__defaults__", (tmp_path,))
    code, _, err = primum("trace")
    assert code == 2 and "part of a source checkout" in err


@pytest.mark.requirement("CYB-009", "CYB-010")
def test_the_bill_is_refused_where_lock_and_environment_differ_and_written_when_that_is_allowed(
    primum: Primum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "docs" / "requirements", checkout / "docs" / "requirements")
    shutil.copy(ROOT / "pyproject.toml", checkout)
    lock = (ROOT / "requirements.lock").read_text()
    (checkout / "requirements.lock").write_text(lock.replace("pyserial==3.5", "pyserial==3.4"))
    monkeypatch.setitem(traceability.write_bill.__kwdefaults__, "root", checkout)
    code, _, err = primum("sbom", "--out", tmp_path / "bill")
    assert code == 2 and "pyserial: locked 3.4, installed 3.5" in err and "--require-hashes" in err and not (tmp_path / "bill").exists()
    code, out, err = primum("sbom", "--out", tmp_path / "bill", "--allow-differences", "--timestamp", "2026-11-22T10:00:00+00:00")
    assert code == 0 and "note: pyserial: locked 3.4, installed 3.5" in err and "sbom.cdx.json" in out
    bill = json.loads((tmp_path / "bill" / "sbom.cdx.json").read_text())
    assert bill["specVersion"] == "1.6" and bill["metadata"]["timestamp"] == "2026-11-22T10:00:00+00:00"
    assert "pyserial" in (tmp_path / "bill" / "soup.md").read_text()
    assert sorted(path.name for path in (tmp_path / "bill").iterdir()) == ["sbom.cdx.json", "soup.md"]


@pytest.mark.parametrize("time", ["yesterday", "2026-11-22T10:00:00"])
def test_a_time_that_is_none_is_refused(time: str, primum: Primum, tmp_path: Path) -> None:
    code, _, err = primum("sbom", "--out", tmp_path / "bill", "--timestamp", time)
    assert code == 2 and "--timestamp" in err and not (tmp_path / "bill").exists()
