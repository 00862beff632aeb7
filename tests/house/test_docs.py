"""What the documentation shows is what there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot import settings

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(p.stem for p in (ROOT / "bot/cli").glob("*.py") if p.stem != "__init__")


def smsvet(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *words], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    """Each command of `smsvet` has its row, and its help is there."""
    assert f"`smsvet {command}" in README
    assert 0 == smsvet(command, "--help").returncode


def test_options_in_the_readme_exist() -> None:
    """Every option the README shows is one the command knows."""
    for row in re.findall(r"`smsvet ([^`]+)`", README):
        command, *rest = row.split()
        sub = [word for word in rest[:1] if command in {"vendor", "panel"}]
        known = smsvet(command, *sub, "--help").stdout
        for option in re.findall(r"--[a-z-]+", row):
            assert option in known, row


def test_every_setting_is_in_the_readme() -> None:
    """The README names exactly the settings that are read."""
    assert set(settings.NAMES) == set(re.findall(r"`(SMSVET_[A-Z_]+)`", README))


def test_make_targets_in_the_docs_exist() -> None:
    """Every `make` command that README and CONTRIBUTING show can be made."""
    text = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z]+)\b", text)):
        done = subprocess.run(
            ["make", "-n", target], capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert 0 == done.returncode, target


def test_links_of_the_readme_lead_somewhere() -> None:
    """Every relative link and picture of the README exists."""
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [] == [link for link in links if not (ROOT / link).exists()]


def test_files_named_in_contributing_exist() -> None:
    """The table of obvious files names files and folders that are there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:data|bot|docs|tests|benchmarks)/[^`<*]*)", text):
        assert (ROOT / name).exists() or (ROOT / name).parent.exists(), name


def test_settings_come_from_environment_over_file(tmp_path: Path) -> None:
    """A setting in `smsvet.toml` counts unless the environment says otherwise; a typo is named."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "smsvet.toml").write_text('embedding_model = "from-file"\n', encoding="utf-8")
    env = {"SMSVET_HOME": str(home)}
    assert "from-file" == settings.load(env).embedding_model
    assert "env" == settings.load(env | {"SMSVET_EMBEDDING_MODEL": "env"}).embedding_model
    (home / "smsvet.toml").write_text('embeding_model = "x"\n', encoding="utf-8")
    with pytest.raises(settings.UserError, match="embeding_model"):
        settings.load(env)
