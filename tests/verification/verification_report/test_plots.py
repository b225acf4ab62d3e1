"""Plots: vector graphics, the same bytes twice, no font needed, no extreme lost, whatever a name is."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest

from tests.verification.report.conftest import make
from verification.report import Constraint, ReportData, Series
from verification.verification_report import plots
from verification.verification_report.blocks import Figure

Drawn = Callable[[ReportData], tuple[Figure, ...]]
ALL: tuple[Drawn, ...] = (plots.margin_figures, plots.approach_figures, plots.timing_figures)


@pytest.fixture(scope="module")
def run() -> ReportData:
    return make(duration_s=8.0)


@pytest.mark.requirement("AUD-032")
@pytest.mark.parametrize("draw", ALL)
def test_a_plot_is_the_same_bytes_twice_whatever_the_user_configured(run: ReportData, draw: Drawn) -> None:
    first = draw(run)
    with mpl.rc_context({"font.size": 20.0, "axes.facecolor": "red", "svg.hashsalt": None}):
        assert draw(run) == first
    assert first


@pytest.mark.parametrize("draw", ALL)
def test_a_plot_is_a_vector_graphic_without_fonts_time_or_pictures(run: ReportData, draw: Drawn) -> None:
    for figure in draw(run):
        root = ET.fromstring(figure.svg)  # noqa: S314  our own
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert "path" in tags and not {"text", "image", "script"} & tags
        assert b"<dc:date>" not in figure.svg and figure.caption and figure.description


def test_every_constraint_is_drawn_and_every_lane_named(run: ReportData) -> None:
    figures = plots.margin_figures(run)
    assert len(figures) == -(-len(run.constraints) // plots.PANELS_MAX)
    assert all(any(c.name in figure.caption for figure in figures) for c in run.constraints)
    assert len({figure.name for figure in figures}) == len(figures)


def test_a_name_is_no_formula(run: ReportData) -> None:
    odd = Constraint("$\\frac{$ <b> & _x", "words", "m", run.constraints[0].margin)
    plain = plots.margin_figures(make(duration_s=1.0, constraints=(odd,)))
    ET.fromstring(plain[0].svg)  # noqa: S314  our own


def test_a_single_low_sample_is_not_lost() -> None:
    t = np.arange(0, 100.0, 0.005)
    value = np.full(t.shape, 0.05)
    value[7777] = -0.01
    figure = plots.margin_figures(make(duration_s=1.0, constraints=(Constraint("wall", "words", "m", Series(t, value)),)))[0]
    paths = ET.fromstring(figure.svg).iter("{http://www.w3.org/2000/svg}path")  # noqa: S314  our own
    heights = [{float(y) for y in re.findall(r"[ML] \S+ (\S+)", path.get("d", ""))} for path in paths]
    margins = [ys for ys in heights if len(ys) == 2]
    assert margins, "a line of two heights: the margin, and its one low sample"


def test_nothing_measured_draws_nothing() -> None:
    nothing = Series(np.empty(0), np.empty(0))
    empty = make(duration_s=1.0, cycle_s=nothing, truth=None, constraints=(Constraint("wall", "words", "m", nothing),))
    assert [draw(empty) for draw in ALL] == [(), (), ()]
