from pathlib import Path

import pytest

from safety.audit.places import Places
from toolkit import AuditFault


def test_places_survive_the_writers_command_line(tmp_path: Path) -> None:
    places = Places.of(tmp_path / "audit", tmp_path / "second", tmp_path / "operator.key", tmp_path / "state")
    assert Places.from_text(places.to_text()) == places
    assert Places.from_text(Places.of(tmp_path).to_text()).second is None


def test_every_log_has_a_name_of_its_own(tmp_path: Path) -> None:
    first, second = Places.of(tmp_path), Places.of(tmp_path)
    assert first.run != second.run and len(first.run) == 32 and first.origin == f"primum/audit/{first.run}"


@pytest.mark.parametrize("key", ["audit/operator.key", "audit/deep/operator.key", "second/operator.key"])
def test_a_key_beside_what_is_handed_out_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(AuditFault, match="keep it apart"):
        Places.of(tmp_path / "audit", tmp_path / "second", tmp_path / key)


def test_a_link_does_not_hide_where_a_key_lies(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "operator.key").write_text("")
    (tmp_path / "link.key").symlink_to(tmp_path / "audit" / "operator.key")
    with pytest.raises(AuditFault, match="keep it apart"):
        Places.of(tmp_path / "audit", None, tmp_path / "link.key")


def test_the_second_place_is_another_one(tmp_path: Path) -> None:
    with pytest.raises(AuditFault, match="is the first one"):
        Places.of(tmp_path / "audit", tmp_path / "other" / ".." / "audit")
