from pathlib import Path

import pytest

from safety.audit import AuditLog
from safety.audit.operator_key import make_operator_key
from toolkit import InvalidInput, SpecificationError
from toolkit.app.log_options import LogOptions, checked_pseudonym, who_vouches


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file that names everything; no environment."""
    for name in ("PRIMUM_OPERATOR", "PRIMUM_OPERATOR_KEY", "PRIMUM_SECOND_PLACE", "PRIMUM_WITNESS"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config" / "audit.yaml"
    path.parent.mkdir()
    (path.parent / "second").mkdir()
    path.write_text("operator: Anna\noperator_key: keys/operator.key\nsecond_place: second\n")
    monkeypatch.setenv("PRIMUM_CONFIG", str(path))
    return path


def test_the_configuration_file_is_asked_last(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = LogOptions.resolve()
    assert (options.operator, options.actor) == ("Anna", "operator:Anna")
    assert options.operator_key == config.parent / "keys" / "operator.key" and options.second_place == config.parent / "second"
    monkeypatch.setenv("PRIMUM_OPERATOR", "Ben")
    monkeypatch.setenv("PRIMUM_OPERATOR_KEY", "/keys/ben.key")
    monkeypatch.setenv("PRIMUM_SECOND_PLACE", str(tmp_path))
    options = LogOptions.resolve()
    assert (options.operator, options.operator_key, options.second_place) == ("Ben", Path("/keys/ben.key"), tmp_path)
    options = LogOptions.resolve("Carla", Path("c.key"), config.parent)
    assert (options.operator, options.operator_key, options.second_place) == ("Carla", Path("c.key"), config.parent)


def test_without_a_configuration_file_the_user_of_the_operating_system_is_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRIMUM_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "dora")
    options = LogOptions.resolve()
    assert options.operator == "dora" and options.operator_key is None and options.second_place is None


@pytest.mark.parametrize(("text", "field"), [("operater: Anna\n", "operater"), ("operator: 5\n", "operator"), ("- a\n", "")])
def test_a_wrong_configuration_file_is_an_error_with_its_field(config: Path, text: str, field: str) -> None:
    config.write_text(text)
    with pytest.raises(SpecificationError, match=rf"audit\.yaml.*{field}"):
        LogOptions.resolve()


def test_a_configuration_file_that_was_named_and_is_not_there_is_an_error(config: Path) -> None:
    config.unlink()
    with pytest.raises(SpecificationError, match="cannot read"):
        LogOptions.resolve()


def test_a_second_place_that_is_not_there_is_refused(config: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"second place: .*nowhere"):
        LogOptions.resolve(second_place=tmp_path / "nowhere")


@pytest.mark.requirement("AUD-029")
@pytest.mark.parametrize("operator", [" Anna", "a" * 65, "line\nbreak", ":"])
def test_an_operator_that_is_no_name_is_refused(config: Path, operator: str) -> None:
    with pytest.raises(InvalidInput, match="operator"):
        LogOptions.resolve(operator=operator)


@pytest.mark.requirement("AUD-017")
@pytest.mark.parametrize("subject", ["", "P-042", "STUDY-0042", "ABCDE-123456"])
def test_a_pseudonym_is_taken(config: Path, subject: str) -> None:
    assert LogOptions.resolve(subject=subject).subject == checked_pseudonym(subject) == subject


@pytest.mark.requirement("AUD-017")
@pytest.mark.parametrize(
    "subject", ["Anna Meier", "ANNA", "P-42", "P-19700101", "1970-01-01", "P-042 ", "p-042", "STUDY0042", "P-0042\n", "756.1234.5678.97"]
)
def test_what_may_be_a_name_a_date_or_a_number_of_a_patient_is_refused(config: Path, subject: str) -> None:
    with pytest.raises(InvalidInput, match="a pseudonym"):
        LogOptions.resolve(subject=subject)


def test_who_vouches_is_said_plainly(tmp_path: Path) -> None:
    make_operator_key("hospital.example/rig", 2, tmp_path / "operator.key", tmp_path / "operator.pub")
    AuditLog(tmp_path / "with", {}, operator_key=tmp_path / "operator.key").close()
    AuditLog(tmp_path / "without", {}).close()
    assert "certificate 1 of the operator key hospital.example/rig" in who_vouches(tmp_path / "with")
    assert who_vouches(tmp_path / "without").startswith("nobody vouches for the keys")


@pytest.mark.requirement("AUD-006")
def test_no_option_of_a_run_switches_its_log_off() -> None:
    """What a run may be told: a new option is added here by somebody who has asked himself whether it could."""
    import typer

    from toolkit.app import cli

    command = typer.main.get_command(cli.app).commands["run"]  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    log = {"--operator-key", "--second-place", "--witness", "--operator", "--subject", "--reason"}
    assert options == {"procedure", "--out", "--view", "--proofs", *log}


@pytest.mark.requirement("AUD-034")
def test_a_witness_comes_from_argument_environment_or_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LogOptions.resolve().witness == ""
    with config.open("a") as file:
        file.write("witness: https://records.example/primum\n")
    assert LogOptions.resolve().witness == "https://records.example/primum"
    monkeypatch.setenv("PRIMUM_WITNESS", "http://other:8800")
    assert LogOptions.resolve().witness == "http://other:8800"
    assert LogOptions.resolve(witness="http://[::1]:1").witness == "http://[::1]:1"


@pytest.mark.parametrize("url", ["records.example", "ftp://records.example", "http://", "https://a/?run=1", "file:///srv"])
def test_what_is_no_address_of_a_witness_is_refused(config: Path, url: str) -> None:
    with pytest.raises(InvalidInput, match="witness: "):
        LogOptions.resolve(witness=url)
