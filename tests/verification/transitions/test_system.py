"""What is reachable, and the first thing that is wrong with it, with the way there."""

from dataclasses import replace

from verification.transitions import TransitionSystem

GOOD = TransitionSystem(
    initial=("off",), bad=("moving unpowered",), latched=("fault",), exits=("disable",),
    transitions=(("off", "enable", "on"), ("on", "cut", "fault"), ("on", "disable", "off"), ("fault", "disable", "off")),
)  # fmt: skip


def test_a_safe_system_has_no_objection_and_survives_its_own_file() -> None:
    assert GOOD.objection() == "" and set(GOOD.reached()) == {"off", "on", "fault"}
    assert TransitionSystem.from_json(GOOD.to_json()).to_json() == GOOD.to_json()


def test_a_bad_state_counts_only_where_it_can_be_reached() -> None:
    apart = replace(GOOD, transitions=(*GOOD.transitions, ("moving unpowered", "x", "off")))
    assert apart.objection() == ""
    joined = replace(GOOD, transitions=(*GOOD.transitions, ("fault", "nudge", "moving unpowered")))
    assert joined.objection() == "[off] --enable--> [on] --cut--> [fault] --nudge--> [moving unpowered]"


def test_a_deadlock_and_a_latch_that_opens_are_told_with_their_trace() -> None:
    stuck = replace(GOOD, transitions=(*GOOD.transitions, ("on", "jam", "jammed")))
    assert stuck.objection() == "deadlock: [off] --enable--> [on] --jam--> [jammed]"
    opens = replace(GOOD, transitions=(*GOOD.transitions, ("fault", "retry", "on")))
    assert opens.objection() == "a latch opens: [off] --enable--> [on] --cut--> [fault] --retry--> [on]"
