"""`primum check` as a user meets it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from toolkit import InvalidInput
from toolkit.app.cli import app
from verification.campaign.forgery_stock import Stock
from verification.campaign.small_proofs import small_proofs, write_directory


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("check") / "proofs"
    stock = Stock()
    bodies = {id_: body for id_, body in small_proofs(stock.inputs).items() if id_ in ("ball.wrist", "algebra.barrier")}
    write_directory(path, stock.inputs, bodies, ["K.tip"])
    return path


def test_a_valid_directory_exits_with_0_and_says_what_was_shown(proofs: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(proofs)])
    assert result.exit_code == 0, result.output
    assert "ACCEPTED 001_ball_wrist.json: wrist grown by 1.5 mm stays inside ball" in result.output
    assert "2 of 3 obligations have an accepted certificate, 1 are UNKNOWN" in result.output


def test_a_changed_file_exits_with_3(proofs: Path) -> None:
    file = proofs / "002_algebra_barrier.json"
    text = file.read_bytes()
    file.write_bytes(text.replace(b'"-1/4"', b'"-1/5"'))
    try:
        result = CliRunner().invoke(app, ["check", str(proofs), "--jobs", "1"])
    finally:
        file.write_bytes(text)
    assert result.exit_code == 3
    assert "REJECTED 002_algebra_barrier.json because target is not the sum of its terms" in result.output


def test_no_directory_is_bad_input(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(tmp_path / "nothing")])
    assert isinstance(result.exception, InvalidInput) and result.exception.exit_code == 2
