"""`smsvet demo`: a whole evaluation by script, through the same conversation people use."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot import access, app
from bot import settings as settings_
from bot.dialogue.session import Session
from bot.errors import UserError
from bot.messages import Message, Peer
from bot.report import plain
from bot.settings import CONTENT, Settings
from bot.store import runs
from bot.store.tables import Conversation
from evaluators.content import Content, read

PATIENCE = 300.0  # seconds for the send test, window included
SHOWN = 8  # answers told in full; the others go the same way


class Evidence(Content):
    """A paper handed in during the demo."""

    item: str
    name: str
    text: str


class Script(Content):
    """What the demo's person says; see `data/demo/evaluation.yaml`."""

    vendor: str
    opening: tuple[str, ...]
    questions: tuple[str, ...]
    evidence: Evidence
    answers: dict[str, str]
    otherwise: str
    follow_up: str


def run(personality: str, count: int, *, as_json: bool) -> int:
    """Play the script in a state directory of its own; prints the chat, or one JSON document."""
    known = sorted(path.stem for path in (CONTENT / "personalities").glob("*.yaml"))
    if personality not in known:
        raise UserError(f"--personality is one of: {', '.join(known)}")
    script = read(CONTENT / "demo" / "evaluation.yaml", Script)
    tell = _keep_quiet if as_json else _print
    with app.opened(_own_settings()) as built:
        player = _Player(built, script, tell)
        player.play(personality, count)
        result = player.result()
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    return 0


def _own_settings() -> Settings:
    """A directory per demo, so that made-up answers never stand among real ones."""
    usual = settings_.load()
    home = usual.home / "demo" / f"{app.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    home.mkdir(mode=0o700, parents=True)
    return replace(
        usual,
        home=home,
        database_url=f"sqlite:///{home / 'smsvet.db'}",
        master_key_file=home / "master.key",
    )


def _keep_quiet(_text: str) -> None:
    """With --json, standard output holds the document and nothing else."""


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@dataclass
class _Player:
    """One person following the script."""

    app: app.App
    script: Script
    tell: Callable[[str], object]
    said: int = 0
    chat: Peer = field(init=False)

    def __post_init__(self) -> None:
        self.chat = self.app.assistant.enrol("demo", "demo", access.EVERYTHING)

    def play(self, personality: str, count: int) -> None:
        self.app.guide.warm()
        self.app.assistant.greet(self.chat)
        self._hear()
        self.say(f"新建 {self.script.vendor}")
        for line in self.script.opening:
            self.say(line)
        self._answer_all()
        self._hand_in()
        for question in self.script.questions:
            self.say(question)
        self._send_test(personality, count)
        self.say("报告")

    def say(self, text: str, *, shown: bool = True, paths: tuple[Path, ...] = ()) -> None:
        self.said += 1
        self.app.assistant.handle(self.chat, Message(f"demo-{self.said}", text, paths=paths))
        if shown:
            files = "".join(f"证据 {text} {path.name}" for path in paths)
            self.tell(f"\n👤 {files or text}")
        self._hear(shown=shown)

    def _hear(self, *, shown: bool = True) -> None:
        replies = self.app.assistant.waiting(self.chat.key)
        self.app.assistant.told(replies)
        for reply in replies if shown else ():
            self.tell(f"🤖 {reply.text}")
            if reply.file:
                self.tell(f"   → {reply.file}")

    def _session(self) -> Session:
        with self.app.database.read() as sql:
            return Session.from_json(sql.get_one(Conversation, self.chat.key).state)

    def _answer_all(self) -> None:
        """Answer whatever is asked until nothing waits any more."""
        answered = 0
        while (pending := self._session().pending) is not None:
            words = self.script.answers.get(pending.item, self.script.otherwise)
            if pending.awaiting in {"follow_up", "colleague"}:
                words = self.script.follow_up
            elif pending.data.get("value"):  # own words are kept, now what they amount to
                words = self.script.otherwise
            told = answered < SHOWN or pending.item in self.script.answers
            self.say(words, shown=told)
            answered += 1
        self.tell(f"\n… {answered} replies in all, the others in the same way")

    def _hand_in(self) -> None:
        paper = self.app.settings.home / self.script.evidence.name
        paper.write_text(self.script.evidence.text, encoding="utf-8")
        numbers = self.app.assistant.scenery.checklist.numbers
        self.say(str(numbers[self.script.evidence.item]), paths=(paper,))

    def _send_test(self, personality: str, count: int) -> None:
        self.say(f"测试 {count}")
        self.say(f"sim:{personality}")
        self.say("确认发送")
        deadline = time.monotonic() + PATIENCE
        last = ""
        while line := self.app.progress(self.chat.key):
            if line != last:
                self.tell(f"   {line}")
            last = line
            if time.monotonic() > deadline:
                raise UserError("The send test did not end in time; see worker.log.")
            time.sleep(1)
        self.tell("")
        self._hear()

    def result(self) -> dict[str, Any]:
        """The evaluation as JSON, with its newest send test and the report's path."""
        session = self._session()
        case = self.app.judge.case(session.case or 0)
        finished = self.app.judge.finished(case.runs[-1].id) if case.runs else None
        with self.app.database.read() as sql:
            problem = runs.problem(sql, case.id)
        report = sorted((self.app.settings.home / "reports").glob("*.html"))
        return self.app.judge.as_json(case, self.app.judge.score(case)) | {
            "send_test": plain.send_test(finished) if finished else {"problem": problem},
            "report": str(report[-1]) if report else None,
        }
