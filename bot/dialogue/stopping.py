"""Stopping a running test: one's own at once, a colleague's after being asked."""

from dataclasses import asdict, replace
from typing import Any

from bot.dialogue import answering, showing
from bot.dialogue.case import RunLine
from bot.dialogue.effects import StopRun
from bot.dialogue.session import Pending
from bot.dialogue.talk import Talk


def stop(talk: Talk, run: RunLine) -> None:
    """Whose test it is decides; what was asked before is put again afterwards."""
    if run.by in {"", talk.scene.person.name}:
        talk.do(StopRun(run.id))
        talk.tell("test.stopping")
        return answering.repeat(talk)
    at = showing.clock(run.since, talk.scene.rules.timezone) if run.since else "?"
    choices = [(word, talk.word(f"choice.{word}")) for word in ("yes", "no")]
    text = talk.word("test.stop_whose", name=run.by, at=at)
    return talk.put("stop", text, choices, run=run.id, before=_before(talk.session.pending))


def on_reply(talk: Talk, pending: Pending, word: str) -> None:
    """A test that has ended meanwhile, or another one, is left alone."""
    run = talk.open_case().active_run()
    if word == "yes" and run is not None and run.id == pending.data["run"]:
        talk.do(StopRun(run.id))
        talk.tell("test.stopping")
    else:
        talk.tell("test.not_stopped" if word == "no" else "test.over")
    before = pending.data["before"]
    talk.session = replace(talk.session, pending=Pending(**before) if before else None)
    return answering.repeat(talk)


def _before(pending: Pending | None) -> dict[str, Any] | None:
    if pending is not None and pending.awaiting == "stop":
        found: dict[str, Any] | None = pending.data["before"]
        return found
    return asdict(pending) if pending else None
