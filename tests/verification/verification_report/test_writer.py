"""Names of the files; all or nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from toolkit import InvalidInput
from verification.verification_report import Document, write_document
from verification.verification_report.blocks import Figure, Section


@pytest.mark.requirement("AUD-031")
def test_a_draft_has_another_name_than_a_final_report(final: Document, tmp_path: Path) -> None:
    assert [path.name for path in write_document(final, tmp_path, pdf=False)] == ["verification_report.html"]
    assert [path.name for path in write_document(replace(final, draft=True), tmp_path, pdf=False)] == ["verification_report_DRAFT.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["verification_report.html", "verification_report_DRAFT.html"]


def test_without_its_pdf_no_html_is_written(final: Document, tmp_path: Path) -> None:
    broken = replace(final, sections=(Section("broken", (Figure("broken", b"<svg", "caption", "description"),)),))
    with pytest.raises(InvalidInput, match="PDF"):
        write_document(broken, tmp_path, pdf=True)
    assert not list(tmp_path.iterdir())


def test_a_directory_that_is_not_there_is_one_message(final: Document, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_document(final, tmp_path / "nowhere", pdf=False)


def test_a_file_that_cannot_be_replaced_leaves_no_part(final: Document, tmp_path: Path) -> None:
    (tmp_path / "verification_report.html").mkdir()
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_document(final, tmp_path, pdf=False)
    assert [path.name for path in tmp_path.iterdir()] == ["verification_report.html"]
