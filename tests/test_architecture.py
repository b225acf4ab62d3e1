"""The house rules that a machine can check: who imports whom, what is public, what ships, and how large things grow."""

import ast
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "toolkit": set[str](),
    "controllers": {"toolkit"},
    "safety": {"toolkit"},
    "devices": {"toolkit"},
    "verification": {"toolkit", "controllers", "safety", "verification.checker"},
    "toolkit.app": {"toolkit", "controllers", "safety", "devices", "verification", "verification.checker"},
    "verification.checker": set[str](),
}
PACKAGES = ("toolkit", "controllers", "safety", "devices", "verification")
CHECKER_FOREIGN = {"flint"}  # the checker trusts exact arithmetic and nothing else
FILE_LINES_MAX = 300
CHECKER_LINES_MAX = 250
FUNCTION_LINES_MAX = 70
FILES_ALLOWED_LONGER: set[str] = set()


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path) -> Iterator[str]:
    """Every module the file imports, absolutely named; `from a import b` names both a and a.b, since b may be a module."""
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - (node.level - 1)], *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def home_of(module: str) -> str:
    """The part of the house a module belongs to: the longest name in MAY_IMPORT it lies under; empty for what is not ours."""
    inside = [part for part in MAY_IMPORT if module == part or module.startswith(f"{part}.")]
    return max(inside, key=len, default="tests" if module.split(".", maxsplit=1)[0] in {"tests", "examples"} else "")


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_it_may(part: str) -> None:
    for path in sources(*PACKAGES):
        if home_of(module_of(path)) == part:
            homes = {home_of(module) for module in imported_modules(path)} - {"", part}
            assert homes <= MAY_IMPORT[part], f"{path.relative_to(ROOT)} imports {sorted(homes - MAY_IMPORT[part])}"


def test_relative_and_absolute_imports_are_both_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "toolkit" / "models" / "planted.py"
    path.parent.mkdir(parents=True)
    path.write_text("from ..app import cli\nfrom .. import app\nimport safety.shield\nfrom devices import x\nfrom .body import Body\n")
    homes = {home_of(module) for module in imported_modules(path)}
    assert homes == {"toolkit", "toolkit.app", "safety", "devices"}


def test_between_packages_imports_are_absolute_and_inside_one_relative() -> None:
    for path in sources(*PACKAGES):
        mine = module_of(path).split(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                above = len(module_of(path).split(".")) - (path.name != "__init__.py")
                assert node.level <= above, f"{path.relative_to(ROOT)}:{node.lineno}: leaves its package"
            elif isinstance(node, ast.ImportFrom) and node.module and mine != "toolkit":
                assert node.module.split(".")[0] != mine, f"{path.relative_to(ROOT)}:{node.lineno}: inside one package imports are relative"


def test_the_checker_imports_only_exact_arithmetic() -> None:
    allowed = CHECKER_FOREIGN | set(sys.stdlib_module_names)
    for path in sources("verification/checker"):
        roots = {module.split(".")[0] for module in imported_modules(path) if home_of(module) != "verification.checker"}
        assert roots <= allowed, f"{path.relative_to(ROOT)} imports {sorted(roots - allowed)}"
        assert len(path.read_text(encoding="utf-8").splitlines()) <= CHECKER_LINES_MAX, path


@pytest.mark.parametrize("package", PACKAGES)
def test_an_installed_package_is_ours_and_not_a_namesake(package: str, tmp_path: Path) -> None:
    code = f"import {package}; print({package}.__file__)"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True, capture_output=True, check=False, timeout=120)
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).parent == ROOT / package


def packages_with_names() -> list[str]:
    return [module_of(path) for path in sources(*PACKAGES) if path.name == "__init__.py"]


def kind_then_name(name: str) -> tuple[int, str]:
    """The order ruff asks for: CONSTANTS, then Classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("name", packages_with_names())
def test_public_names_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    names = getattr(module, "__all__", None)
    imports = [node for node in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    assert names is not None or not imports, f"{name} re-exports names and has no __all__"
    assert list(names or ()) == sorted(set(names or ()), key=kind_then_name)
    assert all(hasattr(module, public) for public in names or ())
    imported = {alias.asname or alias.name for node in imports if node.level for alias in node.names}
    assert imported <= set(names or ()), f"{name} imports names it does not make public: {sorted(imported - set(names or ()))}"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert (ROOT / package / "__init__.py").is_file()


def called_name(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""


def test_only_safety_constructs_certified_commands() -> None:
    for path in sources(*(package for package in PACKAGES if package != "safety"), "examples"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            made = isinstance(node, ast.Call) and called_name(node) == "CertifiedCommand"
            assert not made, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: only safety/ certifies"


def test_no_asserts_no_prints_and_no_swallowed_errors_in_packages() -> None:
    for path in sources(*PACKAGES):
        is_app = home_of(module_of(path)) == "toolkit.app"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            assert not isinstance(node, ast.Assert), f"{place}: python -O removes asserts: raise"
            printed = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            assert is_app or not printed, f"{place}: only the command line prints"
            bare = isinstance(node, ast.ExceptHandler) and node.type is None
            assert not bare, f"{place}: a bare except also catches Ctrl-C"


def test_files_and_functions_stay_small() -> None:
    long = []
    for path in sources(*PACKAGES):
        text = path.read_text(encoding="utf-8")
        name, lines = str(path.relative_to(ROOT)), len(text.splitlines())
        if lines > FILE_LINES_MAX and name not in FILES_ALLOWED_LONGER:
            long.append(f"{name}: {lines} lines, at most {FILE_LINES_MAX}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length >= FUNCTION_LINES_MAX:
                    long.append(f"{name}:{node.lineno} {node.name}: {length} lines, fewer than {FUNCTION_LINES_MAX}")
    assert not long, "\n".join(long)


def test_the_wheel_holds_the_five_packages_and_nothing_under_the_gpl() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": list(PACKAGES)}, "explicit packages, nothing forced in beside them"
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix not in {".py", ".pyc", ".gz", ".npz"}:
                text = path.read_bytes()
                assert b"GNU GENERAL PUBLIC LICENSE" not in text.upper(), path
                assert b"GNU LESSER GENERAL PUBLIC LICENSE" not in text.upper(), path
            assert path.name != "teleop_tip_position_um_1kHz.csv.gz", path


def test_data_of_others_lies_beside_its_licence_and_provenance() -> None:
    for folder in (ROOT / "examples" / "data").iterdir():
        names = {path.name for path in folder.iterdir()}
        assert {"LICENSE", "PROVENANCE.md"} <= names, folder
        assert folder.relative_to(ROOT).as_posix() in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_no_file_names_a_path_of_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in listed.stdout.split("\0") if name.endswith((".py", ".md", ".yaml", ".toml", ".json")) or name == "Makefile"]
    roots = tuple(f"{'/'}{word}/" for word in ("home", "root", "work", "Users"))
    found = [name for name in names if any(root in (ROOT / name).read_text(encoding="utf-8", errors="replace") for root in roots)]
    assert not found
