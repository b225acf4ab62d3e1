"""The PDF: the same bytes twice, PDF/A-2b as far as its own data tell, drafts marked on every page, hostile text still text."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.verification.verification_report.made import sound, sound_evidence, traced
from toolkit import InvalidInput
from verification.verification_report import Document, VerificationData, build_document, refusals
from verification.verification_report.blocks import Cell, Figure, Section, Table, Text
from verification.verification_report.html import NOTICE
from verification.verification_report.pdf import _letters, render_pages, render_pdf

PDFA = "http://www.aiim.org/pdfa/ns/id/"


@pytest.fixture(scope="module")
def pdf(final: Document) -> bytes:
    return render_pdf(final)


@pytest.fixture(scope="module")
def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


@pytest.fixture(scope="module")
def draft(data: VerificationData) -> PdfReader:
    bare = traced(data, None)
    return PdfReader(io.BytesIO(render_pdf(build_document(bare, refusals(bare), draft=True))))


def small(*blocks: Text | Table | Figure, title: str = "title") -> Document:
    return Document(title, "Primum 0", "run", "2026-01-02T03:04:05+00:00", False, (), (Section("section", blocks),))


def text_of(document: Document) -> str:
    pages = PdfReader(io.BytesIO(render_pdf(document))).pages
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages).replace("\u200b", ""))


@pytest.mark.requirement("AUD-032")
def test_two_renders_are_the_same_bytes(tmp_path: Path, pdf: bytes) -> None:
    again = build_document(sound(tmp_path), (), draft=False)
    assert render_pdf(again) == pdf


@pytest.mark.requirement("AUD-032")
def test_its_metadata_say_pdf_a_2b_and_no_time_but_the_runs(reader: PdfReader) -> None:
    xmp = reader.xmp_metadata
    assert xmp is not None
    packet = str(xmp.stream.get_data().decode())
    assert re.search(r"<pdfaid:part>2</pdfaid:part>", packet) and re.search(r"<pdfaid:conformance>B</pdfaid:conformance>", packet)
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+", packet)) == {"2026-11-22T14:03:11"}
    assert xmp.dc_title == {"x-default": "Verification report: Tracing with a PSM and a large needle driver"}
    intents = reader.root_object["/OutputIntents"]
    assert [intent.get_object()["/S"] for intent in intents] == ["/GTS_PDFA1"]  # type: ignore[attr-defined]
    assert not reader.is_encrypted and "/AF" not in reader.root_object and "/JavaScript" not in reader.root_object.get("/Names", {})


@pytest.mark.requirement("AUD-032")
def test_every_font_is_inside(reader: PdfReader) -> None:
    fonts = {}
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():  # type: ignore[attr-defined]
            below = font.get_object()["/DescendantFonts"][0].get_object()
            fonts[str(below["/BaseFont"])] = below["/FontDescriptor"].get_object()
    assert fonts and all({"/FontFile2", "/FontFile3"} & set(descriptor) for descriptor in fonts.values())


@pytest.mark.requirement("AUD-032")
def test_page_one_answers_what_is_guaranteed_assumed_unproved_and_failed(reader: PdfReader) -> None:
    first = reader.pages[0].extract_text()
    places = [first.index(head) for head in ("What is guaranteed", "Under which assumptions", "What is unproved", "What failed")]
    assert places == sorted(places)
    assert "A1" in first and "A7" in first and "Contents" not in first


@pytest.mark.requirement("AUD-031")
def test_a_draft_is_marked_on_every_page_and_in_its_metadata(draft: PdfReader, reader: PdfReader) -> None:
    for page in draft.pages:
        text = page.extract_text()
        assert NOTICE in text and re.search(r"^DRAFT$", text, re.M), "header and watermark"
    assert draft.metadata is not None and str(draft.metadata.title).startswith(NOTICE)
    assert "not a verification report" in str(draft.metadata["/Keywords"])
    assert not any("DRAFT" in page.extract_text() for page in reader.pages), "a final report is not"


@pytest.mark.requirement("CYB-005")
@pytest.mark.parametrize(
    "hostile",
    [
        '#eval("1")',
        "#panic()",
        "]*_`$x^2$ <label> @ref",
        "\\u{41}\\",
        "https://a.example/#set page(width: 1pt)",
        "*bold* _it_ = head",
        "a" * 300,
    ],
)
def test_hostile_text_stays_text(hostile: str) -> None:
    found = text_of(small(Text(hostile), Table(("head",), (1.0,), ((Cell(hostile),), (Cell(hostile, mono=True),))), title=hostile))
    wanted = re.sub(r"\s", "", hostile)
    assert found.count(wanted) >= 3 or wanted.replace("`", "") in found.replace("`", "")


def test_letters_without_a_font_are_named(tmp_path: Path) -> None:
    found = text_of(small(Text("naïve \U0001f642 漢 \x07 done"), title="漢"))
    assert "naïve" in found and "[U+1F642]" in found and "[U+6F22]" in found and "[U+0007]" in found and "done" in found


def test_every_letter_that_is_kept_can_be_set() -> None:
    letters = [chr(code) for code in sorted(_letters())]
    words = [" ".join(letters[i : i + 40]) for i in range(0, len(letters), 40)]
    assert render_pdf(small(*(Text(word) for word in words)))


def test_a_date_that_is_none_and_a_picture_that_is_none_are_refused() -> None:
    with pytest.raises(InvalidInput, match="PDF cannot be made"):
        render_pdf(small(Figure("broken", b"<svg", "caption", "description")))


def test_a_run_that_failed_says_so_on_page_one(data: VerificationData) -> None:
    stopped = replace(data, run=replace(data.run, status="stopped", exit_code=3, reason="deadline missed three times in a row"))
    document = build_document(traced(stopped, sound_evidence(one="failed")), (), draft=True)
    first = PdfReader(io.BytesIO(render_pdf(document))).pages[0].extract_text()
    assert "deadline missed three times in a row" in first and "1 failed" in first


def test_pages_can_be_looked_at(final: Document, reader: PdfReader) -> None:
    pages = render_pages(final, ppi=20.0)
    assert len(pages) == len(reader.pages) and all(page.startswith(b"\x89PNG") for page in pages)
