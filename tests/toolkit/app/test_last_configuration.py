from pathlib import Path

import pytest

from toolkit import AuditFault
from toolkit.app.last_configuration import Change, LastConfiguration

pytestmark = pytest.mark.requirement("AUD-003")


def test_the_first_run_changes_nothing(tmp_path: Path) -> None:
    assert list(LastConfiguration(tmp_path, "arm").changes({"tube": "a"})) == []


def test_what_is_new_changed_or_gone_is_told_with_the_value_it_had(tmp_path: Path) -> None:
    LastConfiguration(tmp_path, "arm").keep({"tube": "a", "limits": "b", "gone": "c"}, "run1")
    changes = list(LastConfiguration(tmp_path, "arm").changes({"tube": "a", "limits": "B", "new": "d"}))
    assert changes == [Change("gone", "c", "", "run1"), Change("limits", "b", "B", "run1"), Change("new", "", "d", "run1")]


def test_devices_are_kept_apart_and_any_name_of_a_device_will_do(tmp_path: Path) -> None:
    LastConfiguration(tmp_path, "../a / b").keep({"tube": "a"}, "run1")
    assert [path.parent for path in tmp_path.iterdir()] == [tmp_path]
    assert list(LastConfiguration(tmp_path, "other").changes({"tube": "b"})) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"run": "a", "values": 3}'])
def test_a_file_that_cannot_be_read_is_a_fault_and_not_a_first_run(tmp_path: Path, text: str) -> None:
    LastConfiguration(tmp_path, "arm").keep({}, "run1")
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    with pytest.raises(AuditFault, match="what changed since the last run is not known"):
        list(LastConfiguration(tmp_path, "arm").changes({"tube": "a"}))


def test_a_place_that_takes_nothing_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(AuditFault, match="cannot be written"):
        LastConfiguration(tmp_path / "nowhere", "arm").keep({}, "run1")
