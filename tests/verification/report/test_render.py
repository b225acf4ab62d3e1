"""The page: one file, nothing from outside, nothing lost, nothing that text inside a run can change."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit import InvalidInput, Margin, Verdict
from verification.report import Certificate, Intervention, ReportData, Series, TrackingTrace, render_report, write_report

Make = Callable[..., ReportData]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}<!--\u2028"
SHORT = "<s>\"'&</s>"


class Page(HTMLParser):
    """Elements, their text and their attributes, as a browser would split them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        (self.scripts if self._script else self.texts).append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


@pytest.fixture(scope="module")
def page(make_report: Make) -> Page:
    return Page(render_report(make_report()))


@pytest.mark.requirement("CYB-005")
def test_the_page_loads_nothing_from_anywhere(make_report: Make) -> None:
    text = render_report(make_report())
    for tag, attributes in Page(text).elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img"), tag
        for name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    assert "://" not in text
    assert not re.search(r"@import|\bfetch\(|XMLHttpRequest|WebSocket|\bimport\b", text)


@pytest.mark.requirement("CYB-005")
def test_the_policy_in_the_page_allows_only_its_own_script(make_report: Make) -> None:
    text = render_report(make_report())
    policy = next(a["content"] for t, a in Page(text).elements if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'")
    script = text[text.rindex("<script>") + len("<script>") : text.rindex("</script>")]
    assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1]
    assert not any(name.startswith("on") for _, a in Page(text).elements for name in a)


def test_every_intervention_assumption_constraint_hash_and_unproved_line_appears(make_report: Make) -> None:
    data = make_report()
    text = Page(render_report(data)).text
    for i in data.interventions:
        assert f"{i.start_s:.3f} s" in text and f"{i.end_s:.3f} s" in text and i.reason in text
    for a in data.assumptions:
        assert a.statement in text and a.reaction in text
    for c in data.constraints:
        assert f"{c.name}: {c.words}" in text
    for line in (*data.unproved, *data.hashes.values(), *data.versions.values(), *data.platform.values()):
        assert line in text
    assert f"primum audit verify {data.run_name}" in text


def test_a_thousand_interventions_are_all_listed(make_report: Make) -> None:
    many = tuple(Intervention(i * 0.01, i * 0.01 + 0.005, Verdict.MODIFIED, ("vessel",), f"number {i} of many") for i in range(1000))
    page = Page(render_report(make_report(interventions=many)))
    text = page.text
    assert all(f"number {i} of many" in text for i in range(1000))
    assert len(page.data["interventions"]) == 1000


@pytest.mark.requirement("CYB-005")
def test_hostile_text_stays_text(make_report: Make) -> None:
    base = make_report()
    data = make_report(
        title=HOSTILE, reason=HOSTILE, device=HOSTILE, started_utc=HOSTILE, run_name=HOSTILE, unproved=(HOSTILE,), notes=(HOSTILE,),
        hashes={HOSTILE: HOSTILE}, versions={HOSTILE: HOSTILE}, platform={HOSTILE: HOSTILE},
        constraints=(replace(base.constraints[0], name=HOSTILE, words=HOSTILE, unit=SHORT),),
        assumptions=(replace(base.assumptions[0], id=HOSTILE, statement=HOSTILE, unit=SHORT, monitor=HOSTILE, reaction=HOSTILE),),
        interventions=(Intervention(1.0, 2.0, Verdict.STOP, (HOSTILE,), HOSTILE, Margin(1.0, SHORT)),),
        regions=(replace(base.regions[1], name=HOSTILE),),
        truth=replace(base.truth, distance_m={HOSTILE: base.truth.distance_m["vessel"]}),  # type: ignore[union-attr, type-var]
        certificates=(Certificate(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )  # fmt: skip
    plain, hostile = Page(render_report(base)), Page(render_report(data))
    assert [t for t, _ in hostile.elements].count("script") == [t for t, _ in plain.elements].count("script") == 2
    assert not any(t == "img" or any(name.startswith("on") for name in a) for t, a in hostile.elements)
    assert hostile.text.count("<script>alert(1)</script>") > 20
    assert "49" not in re.findall(r"alert\(2\)>[^<]{0,12}", hostile.text)[0]
    assert hostile.scripts[-1] == plain.scripts[-1], "the script itself never carries text of the run"
    assert hostile.data["charts"]["margin-0"]["unit"] == SHORT


@pytest.mark.requirement("SAF-046")
def test_unproved_is_said_exactly_when_there_is_no_certificate(make_report: Make) -> None:
    proof = Certificate("K.json", "bounds of the second derivatives", "ab" * 32, "checker 0.1: PROVED")
    bare, proved = render_report(make_report()), render_report(make_report(certificates=(proof,)))
    assert "UNPROVED" in bare and "UNPROVED" not in proved
    assert proof.claim in proved and proof.sha256 in proved


def test_nothing_failed_is_said_only_when_nothing_did(make_report: Make) -> None:
    data = make_report()
    assert "Nothing failed" in render_report(data)
    inside = replace(data.constraints[1], truth_min=-1e-9)
    text = Page(render_report(make_report(constraints=(data.constraints[0], inside)))).text
    assert "Nothing failed" not in text and "Constraint vessel violated" in text and "-1.000e-06 mm" in text


def test_a_run_without_interventions_or_truth_renders(make_report: Make) -> None:
    data = make_report()
    bare = tuple(replace(c, truth_min=None) for c in data.constraints)
    page = Page(render_report(make_report(interventions=(), truth=None, constraints=bare)))
    assert "None: every proposal was passed" in page.text
    assert "not measured" in page.text and "No truth was recorded" in page.text
    assert page.data["approaches"] == {} and "speed" not in page.data["charts"]


def test_a_run_that_never_began_renders(make_report: Make) -> None:
    data, none = make_report(), Series([], [])
    empty = replace(data.cycles, t_s=[], verdict=(), p_reference_m=np.zeros((0, 3)), p_commanded_m=np.zeros((0, 3)), missed_t_s=[])
    page = Page(
        render_report(
            make_report(
                status="device fault", exit_code=4, reason="servo 3 did not answer", misses=0, overruns=0,
                cycles=empty, interventions=(), truth=None,
                tracking=TrackingTrace([], [], np.zeros(0, dtype=bool)), cycle_s=none, mpc_s=none, certify_s=none,
                constraints=tuple(replace(c, margin=none, truth_min=None) for c in data.constraints),
            )
        )
    )  # fmt: skip
    assert "device fault (exit code 4)" in page.text and "servo 3 did not answer" in page.text
    assert page.data["range"] == [0.0, 1.0]


def test_twenty_seconds_stay_below_three_megabytes_and_ten_minutes_do_not_grow_with_them(make_report: Make) -> None:
    assert len(render_report(make_report()).encode()) < 3_000_000
    long = make_report(duration_s=120.0)
    t = np.arange(0, 600, 0.005)
    series = Series(t, np.sin(t) ** 2 + 1e-3 * np.sin(1e3 * t))
    grown = replace(long, cycle_s=series, mpc_s=series, certify_s=series)
    assert len(render_report(grown).encode()) < 3_000_000


def test_every_number_on_the_page_is_finite_and_every_picture_has_its_data(page: Page) -> None:
    data = json.dumps(page.data)
    assert "NaN" not in data and "Infinity" not in data
    for _, a in page.elements:
        for attribute, where in (("data-chart", "charts"), ("data-histogram", "histograms"), ("data-approach", "approaches")):
            assert a.get(attribute) is None or a[attribute] in page.data[where]
    for chart in page.data["charts"].values():
        for line in chart["lines"]:
            assert len(line["value"]) == len(page.data["times"][line["time"]])


def test_the_script_parses(page: Page, tmp_path: Path) -> None:
    script = page.scripts[-1]
    assert script.count("\n") > 100 and "</script" not in script and "<!--" not in script
    node = shutil.which("node")
    if node is not None:
        file = tmp_path / "page.js"
        file.write_text(script)
        assert subprocess.run([node, "--check", str(file)], capture_output=True, check=False).returncode == 0


def test_the_file_is_written_whole_or_not_at_all(make_report: Make, tmp_path: Path) -> None:
    size = write_report(make_report(), tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size == size
    assert [f.name for f in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(InvalidInput, match="report cannot be written"):
        write_report(make_report(), tmp_path / "missing" / "report.html")
