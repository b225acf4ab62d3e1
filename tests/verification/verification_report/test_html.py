"""The HTML: one file, nothing loaded, nothing run, the same content as the PDF, the same bytes twice."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.verification.verification_report.made import sound, traced
from verification.verification_report import Document, VerificationData, build_document, refusals
from verification.verification_report.blocks import Cell, Section, Table, Text
from verification.verification_report.html import NOTICE, render_html


class Seen(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(final: Document) -> bytes:
    return render_html(final)


@pytest.mark.requirement("AUD-032")
def test_two_renders_are_the_same_bytes(tmp_path: Path, page: bytes) -> None:
    assert render_html(build_document(sound(tmp_path), (), draft=False)) == page


@pytest.mark.requirement("CYB-005")
def test_it_loads_and_runs_nothing(page: bytes) -> None:
    seen = Seen(page)
    assert not {"script", "iframe", "object", "link", "form", "base"} & {tag for tag, _ in seen.tags}
    addresses = [value for _, attrs in seen.tags for name, value in attrs.items() if name in ("src", "href", "srcset", "action", "data")]
    assert addresses and all(str(value).startswith(("data:image/svg+xml;base64,", "#s")) for value in addresses)
    policies = [attrs["content"] for tag, attrs in seen.tags if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    assert not any(name.startswith("on") for _, attrs in seen.tags for name in attrs)


@pytest.mark.requirement("AUD-032")
def test_everything_in_the_blocks_is_on_the_page(final: Document, page: bytes) -> None:
    shown = Seen(page).text
    said = [c.text for s in final.sections for b in s.blocks if isinstance(b, Table) for row in b.rows for c in row]
    said += [b.text for s in final.sections for b in s.blocks if isinstance(b, Text)] + [s.title for s in final.sections]
    assert len(said) > 100
    assert all(text.replace("`", "") in shown for text in said)


@pytest.mark.requirement("AUD-032")
def test_sections_stand_in_their_order(final: Document) -> None:
    assert [section.title for section in final.sections] == [
        "Versions, hashes, machine, tools, tester",
        "Proof obligations and certificates",
        "Test results by requirement",
        "Interventions",
        "Timing",
        "Residual anomalies",
        "Traceability",
        "Log integrity",
        "Software of unknown provenance",
        "By topic of standards and guidance",
    ]


@pytest.mark.requirement("AUD-031")
def test_a_draft_says_so_in_title_banner_and_watermark(data: VerificationData, page: bytes) -> None:
    bare = traced(data, None)
    draft = render_html(build_document(bare, refusals(bare), draft=True))
    text = draft.decode()
    assert f"<title>{NOTICE}" in text and f'<p class="banner">{NOTICE}' in text and 'class="mark"' in text
    assert re.search(r"\.mark \{ position: fixed", text), "fixed: on every printed page"
    assert "DRAFT" not in page.decode() and "draft" not in Seen(page).text


@pytest.mark.requirement("CYB-005")
@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "</style><b>", "`<b>`", "&lt;"]
)
def test_hostile_text_stays_text(hostile: str) -> None:
    table = Table((hostile,), (1.0,), ((Cell(hostile),), (Cell(hostile, mono=True),)), empty=hostile)
    document = Document(hostile, hostile, hostile, "2026-01-02T03:04:05+00:00", False, (Text(hostile),), (Section(hostile, (table,)),))
    seen = Seen(render_html(document))
    assert not {"script", "b"} & {tag for tag, _ in seen.tags} and "img" not in {tag for tag, _ in seen.tags}
    assert seen.text.count(hostile) >= 4


def test_an_empty_run_can_be_shown(data: VerificationData) -> None:
    silent = replace(data, run=replace(data.run, interventions=(), truth=None))
    text = Seen(render_html(build_document(silent, (), draft=True))).text
    assert "No intervention." in text and "only certified margins are shown" in text
