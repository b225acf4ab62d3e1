import subprocess
import sys

import pytest

import toolkit.models
from toolkit import SpecificationError
from toolkit.models import ARM_NAMES, SerialArm, load_arm
from toolkit.models.instrument import dvrk_folder


def test_the_public_names_are_sorted_and_exist():
    assert toolkit.models.__all__ == sorted(toolkit.models.__all__)
    assert all(hasattr(toolkit.models, name) for name in toolkit.models.__all__)


@pytest.mark.parametrize("name", ARM_NAMES)
def test_every_named_arm_loads_and_states_its_sources(name):
    arm = load_arm(name)
    assert isinstance(arm, SerialArm) and arm.sources and arm.bodies
    assert arm.limits.names == arm.joint_names
    assert {p for b in arm.bodies for p in b.points} <= set(arm.point_names)


def test_an_unknown_name_lists_the_allowed_ones():
    with pytest.raises(SpecificationError) as error:
        load_arm("psm_xi")
    assert all(name in str(error.value) for name in ARM_NAMES)


@pytest.mark.parametrize(("args", "options"), [
    (("panda", "400006"), {}), (("psm_classic",), {"generation": "Si"}), (("panda",), {"tip_link": "x"}), (("panda",), {"radius_m": 0.1}),
    (("x.urdf",), {}),
    (("x.urdf", "400006"), {"tip_link": "a", "radius_m": 0.1}), (("x.json", "400006"), {}), (("x.json",), {"generation": "Si"}),
])
def test_arguments_that_do_not_belong_to_an_arm_are_refused(args, options):
    with pytest.raises(SpecificationError):
        load_arm(*args, **options)


def test_an_endoscope_file_loads_by_path():
    assert load_arm(dvrk_folder() / "kinematic" / "ECM.json").digest == load_arm("ecm").digest


def test_the_data_lies_beside_its_licence_and_its_origin():
    folder = dvrk_folder()
    assert "CISST" in (folder / "CISST_LICENSE.txt").read_text()
    assert "9e535e68" in (folder / "PROVENANCE.md").read_text()
    assert (folder.parent / "instrument_bodies.yaml").is_file() and (folder.parent / "published_limits.yaml").is_file()


def test_loading_a_named_arm_does_not_import_the_urdf_library():
    code = "import sys; from toolkit.models import load_arm; load_arm('psm_classic'); sys.exit('yourdfpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
