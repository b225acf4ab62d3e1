"""Proofs in a report: nothing counts as proved that the checker did not accept, whatever the summary says."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.verification.verification_report.made import REQUIRED, Rejected
from toolkit import SpecificationError
from verification.verification_report import CheckedFile, Executed, no_proofs, read_proofs

INPUTS = {"procedure": "a" * 64, "shield": "b" * 64}
TIP, STOP = "001_k_tip.json", "002_stop.json"


def entry(identity: str, file: str | None, verdict: str = "PROVED", digest: str | None = None) -> dict[str, Any]:
    said = {"sentence": f"prover on {identity}", "seconds": "1.0", "assumptions": []}
    return {"id": identity, "file": file, "verdict": verdict, "sha256": digest, **said}


@pytest.fixture
def proofs(tmp_path: Path) -> Path:
    """Two certificates, both listed as PROVED."""
    entries = []
    for identity, file in (("K.tip", TIP), ("stop_length", STOP)):
        content = json.dumps({"format": "primum-certificate/1", "about": identity}).encode()
        (tmp_path / file).write_bytes(content)
        entries.append(entry(identity, file, digest=hashlib.sha256(content).hexdigest()))
    write_summary(tmp_path, entries)
    return tmp_path


def write_summary(folder: Path, entries: list[dict[str, Any]], **changes: Any) -> None:
    whole = {"format": "primum-proofs/1", "name": "psm", "inputs": INPUTS, "obligations": entries, "assumed": ["the libm"]}
    (folder / "summary.json").write_text(json.dumps(whole | changes))


def accepting(*bad: Rejected) -> Any:
    """A checker that accepts everything but what is named here."""

    def check(_: Path) -> Iterable[CheckedFile]:
        return [*({name: Rejected(name) for name in (TIP, STOP, "summary.json")} | {item.file: item for item in bad}).values()]

    return check


def executed(folder: Path, inputs: dict[str, str] = INPUTS) -> Executed:
    """A run with these proofs, of what they are about."""
    return Executed(inputs, hashlib.sha256((folder / "summary.json").read_bytes()).hexdigest())


def verdicts(folder: Path, check: Any) -> tuple[dict[str, str], tuple[str, ...]]:
    found = read_proofs(folder, REQUIRED, check, executed(folder))
    return {item.id: item.verdict for item in found.obligations}, found.rejected


def test_without_proofs_every_obligation_is_unproved() -> None:
    found = no_proofs(REQUIRED)
    assert {item.verdict for item in found.obligations} == {"UNPROVED"} and len(found.obligations) == len(REQUIRED)
    assert found.proved == 0 and found.rejected == () and found.differing == ()


def test_accepted_certificates_are_proved_in_the_checkers_words(proofs: Path) -> None:
    found = read_proofs(proofs, REQUIRED, accepting(), executed(proofs), ("A1",))
    assert found.proved == 2 and found.rejected == () and found.differing == ()
    assert {item.claim for item in found.obligations} == {"claimed"}


def test_nothing_that_the_prover_says_is_shown(proofs: Path) -> None:
    """Neither its sentences nor what it says is assumed: a summary may leave out what it likes."""
    for check in (accepting(), accepting(Rejected(TIP, "", "a hole"))):
        found = read_proofs(proofs, REQUIRED, check, executed(proofs), ("A1",))
        assert found.assumed == ("A1",) and {item.sentence for item in found.obligations} == set(REQUIRED.values())
        assert "prover on" not in str(found) and "libm" not in str(found)


@pytest.mark.requirement("AUD-031")
def test_a_rejected_certificate_is_unproved_and_a_reason(proofs: Path) -> None:
    found, rejected = verdicts(proofs, accepting(Rejected(TIP, "", "a leaf does not pass")))
    assert found == {"K.tip": "UNPROVED", "stop_length": "PROVED"} and "a leaf does not pass" in rejected[0]


@pytest.mark.requirement("AUD-031")
def test_a_rejected_summary_takes_every_proof_with_it(proofs: Path) -> None:
    found, rejected = verdicts(proofs, accepting(Rejected("summary.json", "", "obligations are left out")))
    assert set(found.values()) == {"UNPROVED"} and "obligations are left out" in rejected[0]


@pytest.mark.requirement("AUD-031")
def test_without_a_checker_nothing_is_proved(proofs: Path) -> None:
    found, rejected = verdicts(proofs, None)
    assert set(found.values()) == {"UNPROVED"} and "no checker" in rejected[0]


def test_a_checker_that_says_nothing_of_the_summary_proves_nothing(proofs: Path) -> None:
    found, rejected = verdicts(proofs, lambda _: [Rejected(TIP), Rejected(STOP)])
    assert set(found.values()) == {"UNPROVED"} and "no verdict" in rejected[0]


def test_a_file_put_in_place_of_the_listed_one_is_unproved(proofs: Path) -> None:
    (proofs / TIP).write_text("{}")
    found, rejected = verdicts(proofs, accepting())
    assert found["K.tip"] == "UNPROVED" and "SHA-256" in rejected[0]


def test_a_file_that_the_checker_did_not_see_is_unproved(proofs: Path) -> None:
    found, rejected = verdicts(proofs, lambda _: [Rejected(STOP), Rejected("summary.json")])
    assert found == {"K.tip": "UNPROVED", "stop_length": "PROVED"} and "not checked" in rejected[0]


def test_an_obligation_that_the_proofs_leave_out_is_unproved(proofs: Path) -> None:
    write_summary(proofs, [entry("K.tip", None, "UNKNOWN")])
    found, rejected = verdicts(proofs, accepting())
    assert found == {"K.tip": "UNPROVED", "stop_length": "UNPROVED"} and rejected == ()


def test_proofs_about_something_else_are_named_by_role(proofs: Path) -> None:
    found = read_proofs(proofs, REQUIRED, accepting(), executed(proofs, INPUTS | {"procedure": "c" * 64, "tube": "d" * 64}))
    assert [sentence.partition(":")[0] for sentence in found.differing] == ["procedure", "tube"]
    assert found.proved == 0 and all("something else" in item.why for item in found.obligations)


@pytest.mark.requirement("AUD-031")
def test_proofs_about_more_than_ran_are_about_something_else(proofs: Path) -> None:
    """A transition system that only the prover knows, or the tape of another program."""
    found = read_proofs(proofs, REQUIRED, accepting(), executed(proofs, {"procedure": "a" * 64}))
    assert found.differing == (f"shield: the proofs are about {'b' * 64}, the run executed no such file",) and found.proved == 0


@pytest.mark.requirement("AUD-031")
@pytest.mark.parametrize(("ran", "told"), [("", "analytic bounds K, from no proofs"), ("e" * 64, f"proofs with SHA-256 {'e' * 64}")])
def test_bounds_that_the_run_did_not_use_are_not_proved_for_it(proofs: Path, ran: str, told: str) -> None:
    found = read_proofs(proofs, REQUIRED, accepting(), Executed(INPUTS, ran))
    assert [told in sentence for sentence in found.differing] == [True]
    assert {item.id: item.verdict for item in found.obligations} == {"K.tip": "UNPROVED", "stop_length": "PROVED"}


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{", '{"format": "primum-proofs/2"}', "NaN",
        '{"format":"primum-proofs/1","name":"x","inputs":{},"obligations":[{"id":"a","file":"../b.json","verdict":"PROVED"}],"assumed":[]}',
    ],
)  # fmt: skip
def test_what_is_no_summary_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "summary.json").write_text(content)
    with pytest.raises(SpecificationError, match="summary"):
        read_proofs(tmp_path, REQUIRED, accepting(), Executed(INPUTS, ""))


def test_a_directory_without_summary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="no proofs"):
        read_proofs(tmp_path, REQUIRED, accepting(), Executed(INPUTS, ""))
