"""Nothing forged is accepted; and a checker with a hole in it is found out."""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from toolkit.models import load_arm
from verification.campaign import forgery_geometry, run_forgeries
from verification.campaign.forgeries import Judge
from verification.campaign.forgery_oracle import is_true
from verification.campaign.forgery_stock import Forgery, Stock
from verification.checker import cover, exact, inclusion, model
from verification.checker.problem import Problem


def test_two_hundred_forgeries_are_rejected_or_still_true() -> None:
    result = run_forgeries(200, 20261122)
    assert result.ok, str(result)
    assert len(result.rejected) >= 12


@pytest.mark.parametrize("trick", [forgery_geometry.touching, forgery_geometry.crooked])
def test_a_claim_that_is_wrong_in_one_place_only_is_rejected_for_what_it_is(trick: Callable[[Stock, Random], Forgery]) -> None:
    """Alone in its directory, so that nothing else can be the reason."""
    stock, judge, random = Stock(), Judge(), Random(4)
    assert not any(judge.accepts(trick(stock, random)) for _ in range(12))


@pytest.mark.parametrize("trick", [forgery_geometry.touching, forgery_geometry.crooked])
def test_a_checker_that_takes_a_plane_without_normal_or_a_constant_without_turn_is_found_out(
    trick: Callable[[Stock, Random], Forgery], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the two holes that these forgeries once went through."""
    joint = model._chain_joint
    monkeypatch.setattr(inclusion, "need", lambda condition, problem: None)
    monkeypatch.setattr(model, "_chain_joint", lambda words, count: replace(joint(words, count), turn="none"))
    stock, judge, random = Stock(), Judge(), Random(4)
    assert any(judge.accepts(trick(stock, random)) for _ in range(12))


@pytest.mark.parametrize("hole", ["leaves", "box", "bound"])
def test_a_checker_with_a_hole_is_found_out(hole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: functions that are taken to hold, boxes that need not cover, trees whose end is not looked at."""
    if hole == "bound":
        monkeypatch.setattr(cover, "at_most_zero", lambda f, box: True)
    elif hole == "box":
        monkeypatch.setattr(Problem, "covered_by", lambda self, box: box)
    else:
        whole = exact.leaves

        def careless(tree: object, box: exact.Box) -> list[exact.Box]:
            found = []
            try:
                for part in whole(tree, box):
                    found.append(part)
            except exact.need.__globals__["RejectedError"]:
                pass
            return found or [box]

        monkeypatch.setattr(cover, "leaves", careless)
    result = run_forgeries(150, 5)
    assert not result.ok and result.accepted_false


def test_the_oracle_knows_true_from_false() -> None:
    stock = Stock()
    for name, data in stock.certificates.items():
        certificate = json.loads(data)
        assert is_true(stock.arm, stock.inputs, certificate), name
        if certificate["kind"] == "second_derivative_bound" and "rcm" not in certificate["function"]:
            certificate["bounds"][0]["bound"] = (0.5 * float.fromhex(certificate["bounds"][0]["bound"])).hex()
            assert not is_true(stock.arm, stock.inputs, certificate), name
        if certificate["kind"] == "inclusion" and certificate["verdict"] == "PROVED":
            assert not is_true(stock.arm, stock.inputs, {**certificate, "margin": "1/10"}), name


def test_the_oracle_sees_another_instrument() -> None:
    stock = Stock()
    other = load_arm("psm_classic", "PROGRASP_FORCEPS:400093")
    file = next(row["file"] for row in stock.summary["obligations"] if row["id"] == "K.jaw_2")
    assert not is_true(other, stock.inputs, json.loads(stock.certificates[file]))
