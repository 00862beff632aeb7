"""What the documentation shows is what there is."""

import argparse
import contextlib
import importlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from bot import connections, http_vendors, settings
from bot.__main__ import main
from bot.errors import UserError
from evaluators.content import read
from evaluators.protocols.http import vendor
from evaluators.sending.plan import Drift, Only, Phase, Plan, Replies
from evaluators.sending.stopping import Losses, Missing, Sequential, StopRule
from evaluators.simulator.personality import Personality

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SEND_TESTS = (ROOT / "docs/send-tests.md").read_text(encoding="utf-8")
VENDORS = (ROOT / "docs/vendors.md").read_text(encoding="utf-8")
COMMANDS = sorted(p.stem for p in (ROOT / "bot/cli").glob("*.py") if p.stem != "__init__")
SUBS = {"vendor", "panel", "bench"}  # commands whose options belong to an action
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "data" / folder).glob("*.yaml"))


def blocks(text: str, kind: str) -> list[str]:
    """The fenced blocks of that kind in a page."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for language, block in fenced if language == kind]


def shown() -> list[str]:
    """Every whole command in a block of its own in the two pages people follow."""
    lines = [line for page in (SEND_TESTS, VENDORS) for block in blocks(page, "") for line in
             block.splitlines()]  # fmt: skip
    return [line.removeprefix("smsvet ") for line in lines if line.startswith("smsvet ")]


@cache
def told(*path: str) -> str:
    """What `smsvet PATH --help` prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as left:
        main([*path, "--help"])
    assert 0 == left.value.code
    return said.getvalue()


@cache
def parser() -> argparse.ArgumentParser:
    """The options of every command, without anything that would run."""
    made = argparse.ArgumentParser(prog="smsvet")
    commands = made.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        command = importlib.import_module(f"bot.cli.{name}")
        command.arguments(commands.add_parser(name))
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    """Each command of `smsvet` has its row, and its help is there."""
    assert f"`smsvet {command}" in README
    assert told(command)


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_options_shown_in_a_sentence_exist(page: str) -> None:
    """Every option beside a command, in text or table, is one the command knows at that level."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for row in re.findall(r"`smsvet ([^`]+)`", text):
        path = tuple(takewhile(re.compile("[a-z]+$").match, row.split()))
        path = path[: 3 if path[:2] == ("panel", "phone") else 2 if path[0] in SUBS else 1]
        for option in re.findall(r"--[a-z-]+", row):
            assert re.search(rf"{option}\b", told(*path)), row


@pytest.mark.parametrize("line", shown())
def test_commands_to_copy_are_accepted(line: str) -> None:
    """Every command in a block can be typed as it stands; its --set fields are known."""
    options = parser().parse_args(shlex.split(line))
    if options.command != "vendor" or options.action != "add":
        return
    given = {pair.partition("=")[0] for pair in options.more}
    assert set() == given - settable(options)


def settable(options: argparse.Namespace) -> set[str]:
    if options.http:
        described = vendor.load(ROOT / f"data/vendors/{options.http}.yaml")
        return {field.name for field in described.fields} | set(http_vendors.MORE)
    protocol = next(name for name in connections.PROTOCOLS if getattr(options, name))
    return set(connections.endpoint_fields(protocol)) - connections.OURS


def test_protocol_fields_in_the_docs_exist() -> None:
    """The fields that docs/vendors.md explains for a wire protocol are fields of its endpoint."""
    chapters = dict(
        re.findall(r"^### (\w+)[^\n]*\n(.*?)(?=^##)", VENDORS, re.DOTALL | re.MULTILINE)
    )
    for protocol in connections.PROTOCOLS:
        module = importlib.import_module(f"evaluators.protocols.{protocol}.session")
        known = {field.name for field in fields(module.Endpoint)}
        rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", chapters[protocol.upper()], re.MULTILINE)
        explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert set() == explained - known, protocol


def test_every_test_vendor_and_personality_is_in_the_docs() -> None:
    """What can be chosen by name is in the tables people choose from."""
    assert names("plans") == first_column(chapter(SEND_TESTS, "The 17 tests"))
    assert names("vendors") == first_column(chapter(VENDORS, "HTTP interfaces"))
    behaviours = chapter(SEND_TESTS, "Simulated vendors").split("what to rehearse")[1]
    assert names("personalities") == sorted(set(re.findall(r"`([a-z-]+)`", behaviours)))


def chapter(page: str, title: str) -> str:
    return next(part for part in page.split("\n## ") if part.startswith(title))


def first_column(text: str) -> list[str]:
    """The names in the first column of the tables of a chapter."""
    return sorted(re.findall(r"^\| `([a-z][a-z-]*)` \|", text, re.MULTILINE))


def test_every_field_of_a_plan_is_explained() -> None:
    """docs/send-tests.md names each field that a plan file may hold."""
    models = (Plan, Phase, Only, Replies, Drift, StopRule, Missing, Losses, Sequential)
    wanted = {name for model in models for name in model.model_fields}
    explained = chapter(SEND_TESTS, "Every field") + chapter(SEND_TESTS, "The stop rule")
    quoted = " ".join(re.findall(r"`[^`]+`", explained))
    assert set() == wanted - set(re.findall(r"\b[a-z]\w+", quoted))


@pytest.mark.parametrize("block", blocks(SEND_TESTS, "yaml"))
def test_yaml_to_copy_can_be_read(block: str, tmp_path: Path) -> None:
    """Every plan and personality in docs/send-tests.md is a valid file as it stands."""
    path = tmp_path / "copied.yaml"
    path.write_text(block, encoding="utf-8")
    if block.startswith("name:"):
        assert read(path, Personality).name
    else:
        plan = read(path, Plan)
        assert plan.stop is not None
        assert plan.signature
        assert plan.price


@pytest.mark.slow
def test_the_minimal_plan_is_carried_out_as_shown(tmp_path: Path) -> None:
    """The first plan to copy and its command give one document of the shape that is shown."""
    command = next(line for line in shown() if line.startswith("send ours.yaml"))
    block = next(block for block in blocks(SEND_TESTS, "yaml") if "test: ours" in block)
    (tmp_path / "ours.yaml").write_text(block, encoding="utf-8")
    with worker(tmp_path / "home") as environment:
        done = smsvet(tmp_path, environment, *shlex.split(command))
    assert 0 == done.returncode, done.stderr
    judged = json.loads(done.stdout)
    assert (3, 3) == (judged["metrics"]["submitted"], judged["metrics"]["watched"])
    for block in blocks(SEND_TESTS, "json"):
        if '"verdict"' in block:
            assert [] == list(strangers(json.loads(block), judged))


def strangers(said: Any, real: Any, where: str = "") -> Iterator[str]:
    """What a document in the docs has that a real one has not, by its place."""
    if isinstance(said, dict) and isinstance(real, dict):
        for name, value in said.items():
            if name in real:
                yield from strangers(value, real[name], f"{where}.{name}")
            else:
                yield f"{where}.{name}"


@contextlib.contextmanager
def worker(home: Path) -> Iterator[dict[str, str]]:
    """A worker of our own on that state directory; it is told to leave at the end."""
    home.mkdir(mode=0o700)
    environment = os.environ | {"SMSVET_HOME": str(home)}
    words = [sys.executable, "-m", "bot", "worker", "--until-idle", "60"]
    with subprocess.Popen(words, cwd=ROOT, env=environment) as process:
        try:
            yield environment
        finally:
            process.terminate()


def smsvet(
    folder: Path, environment: dict[str, str], *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        timeout=100,
        check=False,
    )


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


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link and picture of the README and the docs exists."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [] == [link for link in links if not ((ROOT / page).parent / link).exists()]


def test_files_named_in_contributing_exist() -> None:
    """The table of obvious files names files and folders that are there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    places = "data|bot|docs|tests|benchmarks|evaluators"
    for name in re.findall(rf"`((?:{places})/[^`<*]*)", text):
        assert (ROOT / name).exists(), name


def test_settings_come_from_environment_over_file(tmp_path: Path) -> None:
    """A setting in `smsvet.toml` counts unless the environment says otherwise; a typo is named."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "smsvet.toml").write_text('embedding_model = "from-file"\n', encoding="utf-8")
    env = {"SMSVET_HOME": str(home)}
    assert "from-file" == settings.load(env).embedding_model
    assert "env" == settings.load(env | {"SMSVET_EMBEDDING_MODEL": "env"}).embedding_model
    (home / "smsvet.toml").write_text('embeding_model = "x"\n', encoding="utf-8")
    with pytest.raises(UserError, match="embeding_model"):
        settings.load(env)
