"""Saturation: the numbers of ETH's code, inverse, slope, graph, and files."""

from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toolkit.models.magnetics.second_opinion import CALIBRATIONS
from toolkit import InvalidInput, SpecificationError
from toolkit.models.magnetics import Saturation, load_saturation

KINDS = ("erf", "tanh", "atan", "rational")
B = {"erf": 0.05, "tanh": 0.05, "atan": 0.05, "rational": 18.0}
CURRENTS = [-30.0, -5.0, 0.0, 0.5, 12.0, 35.0]
ETH = {  # evaluate() of mag_manip 3.0.0 with a = 17 and b as above
    "atan": [-16.707493295204593, -4.16463727315669, 0.0, 0.4249114915216427, 9.187131504599932, 17.878053613322354],
    "erf": [-16.423787490080283, -4.697548632860027, 0.0, 0.47946125617357627, 10.265553544414743, 16.7734184107261],
    "rational": [-10.625, -3.6956521739130435, 0.0, 0.4594594594594595, 6.8, 11.226415094339623],
    "tanh": [-15.387520311962728, -4.163617260863055, 0.0, 0.42491148046315164, 9.129842638966602, 16.003384154453887],
}


def one(kind: str) -> Saturation:
    return Saturation((kind,), np.array([17.0]), np.array([B[kind]]))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_those_of_eths_code(kind: str) -> None:
    np.testing.assert_allclose(one(kind).effective(np.array(CURRENTS)[:, None]).ravel(), ETH[kind], rtol=1e-14)


@given(st.sampled_from(KINDS), st.floats(-40.0, 40.0))
def test_inverse_slope_and_graph_belong_to_the_same_function(kind: str, i: float) -> None:
    saturation = one(kind)
    s = saturation.effective([i])
    assert saturation.currents(s)[0] == pytest.approx(i, rel=1e-6, abs=1e-9)
    x = ca.SX.sym("x", 1)
    graph = ca.Function("s", [x], [saturation.graph(x), ca.jacobian(saturation.graph(x), x)])
    value, slope = (float(v) for v in graph(i))
    assert value == pytest.approx(s[0], rel=1e-13, abs=1e-15)
    assert slope == pytest.approx(saturation.slope([i])[0], rel=1e-10) or i == 0.0
    assert saturation.effective([-i])[0] == -s[0]


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_current_reaches_is_refused_and_not_clipped(kind: str) -> None:
    saturation = one(kind)
    bound = saturation.bound_ampere[0]
    assert saturation.effective([1e9])[0] <= bound
    for s in (bound, -bound, 1.1 * bound, np.nan):
        with pytest.raises(InvalidInput, match=r"saturates below|not finite"):
            saturation.currents([s])


def test_cardiomags_iron_starts_with_slope_one() -> None:
    saturation = load_saturation(CALIBRATIONS / "cmag_sat_erf_v1.yaml")
    assert saturation.kinds == ("erf",) * 8
    np.testing.assert_allclose(saturation.slope(np.zeros(8)), 1.0, atol=1e-6)
    assert load_saturation(CALIBRATIONS / "saturation_8tanh.yaml").kinds == ("tanh",) * 8


GOOD = "saturation_functions:\n  coil_0: {type: tanh, params: [16.0, 0.06]}\n  coil_1: {type: rational, params: [17.0, 18]}\nversion: 1.0\n"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("coil_1", "coil_2", "numbered from coil_0 on without a gap"),
        ("coil_1", "spool_1", "spool_1"),
        ("type: tanh", "type: sinh", r"bad.yaml:2: saturation_functions.coil_0.type"),
        ("[16.0, 0.06]", "[16.0]", "coil_0.params"),
        ("[16.0, 0.06]", "[16.0, 0.0]", "outside the range"),
        ("[16.0, 0.06]", "[-16.0, 0.06]", "outside the range"),
        ("[16.0, 0.06]", "[.nan, 0.06]", "not finite"),
        ("version: 1.0", "version: 2.0", "version"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(old: str, new: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(SpecificationError, match=says):
        load_saturation(tmp_path / "bad.yaml")


def test_currents_of_another_number_are_refused() -> None:
    for i in ([1.0, 2.0], [np.nan], [[1.0, 2.0]]):
        with pytest.raises(InvalidInput):
            one("erf").effective(i)
