"""Conversations as people would read them: what is said, what must be seen."""

import importlib.util
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.guide import LazyGuide
from bot.settings import CONTENT

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("stage", HERE / "stage.py")
stage = importlib.util.module_from_spec(_spec)
sys.modules["stage"] = stage
_spec.loader.exec_module(stage)

SCRIPTS = sorted((HERE / "conversations").glob("*.yaml"))
KEYS = {
    *("greet", "say", "press", "press_earlier", "file", "caption", "restart", "as"),
    *("see", "not_see", "buttons", "started", "stopped"),
    *("texted", "over", "ask", "ended", "refused", "confirmed"),
}


def plain(text: object) -> str:
    """Without the difference between full-width and half-width marks."""
    return unicodedata.normalize("NFKC", str(text))


def text(scene, turn: dict) -> None:
    """What a test sends to the person's phone before they speak."""
    how = {word: turn.get(word, False) for word in ("over", "ask", "refused")}
    run = scene.texted(turn["texted"], **how)
    if turn.get("ended"):
        scene.ended(run)


def play(scene, turn: dict, tmp_path: Path) -> str:
    if turn.get("restart"):
        scene.close()
        scene.open()
    if "as" in turn:
        who = turn["as"]
        roles = frozenset(who.get("roles", scene.roles))
        scene.enter(who["name"], roles, part_only=who.get("part_only", False))
    if "texted" in turn:
        text(scene, turn)
    if turn.get("greet"):
        return scene.greet()
    if "press" in turn:
        return scene.press(turn["press"])
    if "press_earlier" in turn:
        return scene.press(turn["press_earlier"], among=scene.kept)
    if "file" in turn:
        path = tmp_path / turn["file"]["name"]
        path.write_bytes(turn["file"].get("content", "").encode())
        return scene.send_file(path, str(turn.get("caption", "")))
    return scene.say(str(turn["say"]))


@pytest.fixture(scope="module")
def guidance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LazyGuide]:
    """The real guidance, for scripts that say `guidance: real`; read once for all of them."""
    opened = LazyGuide(CONTENT, tmp_path_factory.mktemp("guidance"))
    yield opened
    opened.close()


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_conversation_goes_as_written(path: Path, tmp_path: Path, guidance: LazyGuide) -> None:
    """Every conversation in the folder is answered as its script says."""
    script = yaml.safe_load(path.read_text(encoding="utf-8"))
    guide = guidance if script.get("guidance") == "real" else stage.Guide()
    model = stage.Notetaker(script["model_finds"]) if "model_finds" in script else None
    scene = stage.Stage(tmp_path / "home", guide=guide, model=model)
    try:
        for number, turn in enumerate(script["turns"], start=1):
            assert set() == set(turn) - KEYS, f"turn {number}: unknown key"
            keep = scene.replies
            said = play(scene, turn, tmp_path)
            if keep:
                scene.kept = keep
            where = f"turn {number} {turn!r} was answered:\n{said}"
            for wanted in turn.get("see", []):
                assert plain(wanted) in plain(said), where
            for unwanted in turn.get("not_see", []):
                assert plain(unwanted) not in plain(said), where
            if "buttons" in turn:
                labels = [label for reply in scene.replies for label, _ in reply.buttons]
                assert turn["buttons"] == labels, where
            if "confirmed" in turn:
                assert turn["confirmed"] == scene.confirmed(), where
            if "started" in turn:
                assert turn["started"] == len(scene.desk.started), where
    finally:
        scene.close()
