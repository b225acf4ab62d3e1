"""The firmware under sanitizers, fed with random bytes, requests and readings; and the strict compiler."""

import subprocess
from pathlib import Path

import pytest

from devices.simulated_coils.firmware import CORE, SOURCES, compile_c, compiler
from toolkit import DeviceFault

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler on this host: the firmware cannot be built")


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("fuzz") / "fuzz"
    try:
        compile_c(target, [*CORE, "host_hal.c", "fuzz.c"], ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"])
    except DeviceFault as error:
        if "sanitize" in str(error) or "asan" in str(error):
            pytest.skip(f"this compiler has no sanitizers: {error}")
        raise
    return target


@pytest.mark.parametrize("seed", range(3))
def test_random_input_breaks_no_promise_and_no_memory(fuzz: Path, seed: int) -> None:
    done = subprocess.run([fuzz, "100000", str(seed)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_a_broken_promise_ends_the_search(tmp_path: Path) -> None:
    """The search can fail: without the check of the limit it finds a set-point beyond it."""
    source = (SOURCES / "coil_driver.c").read_text(encoding="utf-8")
    planted = source.replace("return COIL_RESULT_OVER_LIMIT;", "break;")
    assert planted != source
    (tmp_path / "coil_driver.c").write_text(planted, encoding="utf-8")
    target = tmp_path / "fuzz"
    compile_c(target, ["serial_transfer.c", "current_loop.c", "host_hal.c", "fuzz.c"], [f"-I{SOURCES}", str(tmp_path / "coil_driver.c")])
    done = subprocess.run([target, "20000"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "broken promise" in done.stderr


def test_the_core_uses_no_dynamic_memory_no_floating_point_and_no_input_or_output() -> None:
    for name in [*CORE, "coil_protocol.h", "coil_driver.h", "current_loop.h", "serial_transfer.h"]:
        text = (SOURCES / name).read_text(encoding="utf-8")
        for word in ("malloc", "free(", "float", "double", "stdio", "stdlib"):
            code = "\n".join(line for line in text.splitlines() if "no floating point" not in line.lower())
            assert word not in code, f"{name}: {word}"
