"""House rules that a machine can watch."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import CONTENT

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("bot", "knowledge", "evaluators")
SOURCES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
OWN = [path for path in SOURCES if "migrations" not in path.parts]
HEAVY = ("torch", "chromadb", "sentence_transformers", "langchain_core", "scipy", "dbos")


@pytest.mark.parametrize("path", OWN, ids=[str(path.relative_to(ROOT)) for path in OWN])
def test_files_and_functions_stay_small(path: Path) -> None:
    """No file has more than 400 lines and no function more than 60."""
    text = path.read_text(encoding="utf-8")
    assert 400 >= text.count("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert 60 >= (node.end_lineno or 0) - node.lineno + 1, node.name


def test_no_module_is_a_drawer_for_everything() -> None:
    """Nothing is called utils, helpers or manager."""
    drawers = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [] == [str(path) for path in SOURCES if path.stem in drawers]


@pytest.mark.parametrize(
    "module", ["bot.__main__", "evaluators", "knowledge.answer", "bot.dialogue.decide"]
)
def test_importing_stays_light(module: str) -> None:
    """Importing the command, the libraries or the dialogue loads none of the heavy packages."""
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "[]" == done.stdout.strip()


def test_help_stays_light() -> None:
    """`smsvet --help` answers without the heavy packages."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert set() == loaded & {*HEAVY, "sqlalchemy", "pydantic"}
    assert "chat" in done.stdout


def test_every_phrase_is_used_and_every_used_phrase_exists() -> None:
    """Wording files hold what the code says, no more and no less."""
    from bot import wording

    every = wording.load(CONTENT / "wording")["zh"].phrases
    phrases = {key for key in every if "@" not in key}  # what follows @ says where it is used
    assert {key.partition("@")[0] for key in every} == phrases
    files = [path for path in (ROOT / "bot").rglob("*") if path.suffix in {".py", ".html", ".js"}]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    literal = set(re.findall(r"""["']([a-zA-Z0-9_]+(?:\.[a-zA-Z0-9_]+)*)["']""", source))
    families = tuple(re.findall(r'f"([a-z_]+(?:\.[a-z_]+)*\.)\{', source))
    families += tuple(re.findall(r"'([a-z_]+\.)' ~", source))
    families += tuple(re.findall(r"`([a-z_]+(?:\.[a-z_]+)*\.)\$\{", source))
    unused = {key for key in phrases - literal if not key.startswith(families)}
    assert set() == unused
    # WeCom's few words of its own are asked for with their language, and stand in its module
    called = set(re.findall(r'(?:word|tell|wording)\(\s*"([a-z0-9_.]+)"(?!, language)', source))
    assert set() == called - phrases


def test_no_path_of_a_machine_and_no_registry_is_named() -> None:
    """Nothing tracked tells where it was made or where packages come from."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], capture_output=True, text=True, cwd=ROOT, check=False
    ).stdout.split("\0")
    hosts = re.compile(
        r"https?://[a-z.]*(?:" + "|".join(["py" + "pi", "npm" + "js"]) + r")[a-z.]*/"
    )
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix in {".png", ".gif", ".pdf", ".safetensors"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not hosts.search(text), name
        assert "/" + "work/" not in text, name


def test_nothing_is_patched_in_tests() -> None:
    """Tests pass fakes in; none replaces a module's insides."""
    forbidden = re.compile("mock" + r"\.patch|monkeypatch" + r"\.setattr")
    tests = list((ROOT / "tests").rglob("*.py"))
    assert [] == [str(p) for p in tests if forbidden.search(p.read_text(encoding="utf-8"))]


def test_no_plausible_phone_number_in_content() -> None:
    """Content and tests name no number that could be somebody's."""
    number = re.compile(r"(?<![\dA-Za-z-])1[3-9]\d(?!000)\d{8}(?![\d])")
    for folder in (CONTENT, ROOT / "tests"):
        for path in folder.rglob("*"):
            if path.suffix in {".yaml", ".py", ".csv", ".md"}:
                found = number.findall(path.read_text(encoding="utf-8"))
                assert [] == found, path
