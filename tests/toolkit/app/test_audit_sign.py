"""Signing from the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

Primum = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.requirement("AUD-018")


def test_a_report_is_signed_checked_and_never_signed_over(primum: Primum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIMUM_PASSPHRASE", "not a good one")
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF")
    assert primum("audit", "signing-key", "anna@hospital.example", "--out", str(tmp_path))[0] == 0
    words = ("audit", "sign", str(report), "--key", str(tmp_path / "signing.pub"), "--meaning", "approved", "--name", "Anna Müller")
    code, out, _ = primum(*words)
    assert code == 0 and "approved by Anna Müller (anna@hospital.example)" in out
    code, out, _ = primum("audit", "check-signature", str(report), "--key", str(tmp_path / "signing.pub"))
    assert code == 0 and out.startswith("approved by Anna Müller (anna@hospital.example) at 20")
    code, _, err = primum(*words)
    assert code == 2 and "is there already" in err
    report.write_bytes(b"%PDF changed")
    code, _, err = primum("audit", "check-signature", str(report), "--key", str(tmp_path / "signing.pub"))
    assert code == 2 and "signed was another document" in err
    monkeypatch.setenv("PRIMUM_PASSPHRASE", "a wrong one")
    code, _, err = primum(*words, "--out", str(tmp_path / "second.sig"))
    assert code == 2 and "no key that this passphrase opens" in err and not (tmp_path / "second.sig").exists()
