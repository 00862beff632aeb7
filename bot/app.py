"""The one place that builds concrete things and wires them together."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot import holidays, language_model, logs, wording
from bot import settings as settings_
from bot.assistant import Assistant
from bot.dialogue import showing
from bot.engine import spawn
from bot.engine.judging import rejudge
from bot.errors import UserError, why
from bot.guide import LazyGuide
from bot.judge import Judge
from bot.papers_of_case import Shelf
from bot.scenery import Scenery
from bot.sends import SendDesk
from bot.settings import CONTENT, Settings
from bot.store import runs
from bot.store.database import Database
from evaluators import checklist
from evaluators import policy as policies
from evaluators.errors import ContentError
from evaluators.sending import plan as plans

CLOSING_S = 1.0  # the longest an end waits for a guide that is still loading


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class App:
    """Everything built, for whoever drives it: a channel, the demo, a report."""

    settings: Settings
    database: Database
    assistant: Assistant
    guide: LazyGuide
    judge: Judge
    wordings: dict[str, wording.Wording]

    def take_up(self) -> None:
        """What was left when we last ended: tests without a worker, and late words of phones."""
        self.finish_what_runs()
        self.judge.catch_up()

    def finish_what_runs(self) -> None:
        """Start a worker where a test was left without one."""
        with self.database.read() as sql:
            if runs.any_going_on(sql):
                spawn.ensure(self.settings)

    def progress(self, conversation: str) -> str:
        """The running test of a conversation in one line, or nothing."""
        with self.database.read() as sql:
            found = runs.going_on(sql, conversation)
            language = runs.language(sql, conversation)
        if found is None:
            return ""
        return showing.progress(self.wordings[language], found.state, found.progress)


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[App]:
    """The application on its state directory; closed at the end."""
    settings = settings or settings_.load()
    logs.to(settings.home / "smsvet.log")
    try:
        wordings = wording.load(CONTENT / "wording")
        items = checklist.load(CONTENT / "checklist")
        tests = plans.load_all(CONTENT / "plans")
        policy = policies.load(CONTENT / "checklist" / "policy.yaml")
    except ContentError as error:
        raise UserError(f"A content file is wrong: {error}") from error
    company = holidays.load(settings.home / holidays.FILE)
    database = Database.open(settings)
    database.company = company
    speaker, reader = language_model.opened(settings)
    shelf = Shelf(settings.home / "files", CONTENT)
    guide = LazyGuide(
        CONTENT,
        settings.home / "guidance",
        settings.embedding_model,
        papers=shelf.of,
        speaker=speaker,
        chroma=settings.chroma_url,
    )
    judge = Judge(database, items, policy, wordings, settings.home / "reports", now, rejudge)
    desk = SendDesk(
        database=database,
        personalities=CONTENT / "personalities",
        wordings=wordings,
        tests=tests,
        clock=now,
        wake_worker=lambda: spawn.ensure(settings),
    )
    scenery = Scenery(
        vault=database.vault,
        checklist=items,
        wordings=wordings,
        tests=tests,
        rules=policy.sending,
        sender=desk,
        clock=now,
    )
    assistant = Assistant(
        database=database,
        scenery=scenery,
        guide=guide,
        scorer=judge.scorecard,
        reader=reader.propose if reader else None,
        shelf=shelf,
        files=settings.home / "files",
        link=settings.sign_in_link,
        clock=now,
        late=judge.catch_up,
    )
    with closing(database):  # even where somebody is too impatient for the guide
        try:
            yield App(settings, database, assistant, guide, judge, wordings)
        finally:
            guide.close(CLOSING_S)


def simulate(options: argparse.Namespace) -> int:
    """A simulated vendor until it is told to end; one line of JSON says where it listens."""
    from functools import partial

    import anyio

    from evaluators.simulator import program
    from evaluators.simulator.personality import load

    folder = CONTENT / "personalities"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if options.list:
        for name in known:
            each = load(folder / f"{name}.yaml")
            sys.stdout.write(f"{name:24} {each.describes.en}\n{'':24} {each.describes.zh}\n")
        return 0
    if options.personality not in known:
        raise UserError(f"--personality is one of: {', '.join(known)}")
    named = {name: getattr(options, name) for name in program.PROTOCOLS}
    serving = partial(
        program.run,
        load(folder / f"{options.personality}.yaml"),
        ready=_say_ready,
        ports={name: port for name, port in named.items() if port is not None} or {"smpp": 0},
        panel_port=options.panel,
        seed=options.seed,
        time_scale=options.time_scale,
        until_idle=options.until_idle,
    )
    try:
        anyio.run(serving)
    except (OSError, BaseExceptionGroup) as error:
        failed = _system_error(error)
        ports = ", ".join(str(port) for port in (*named.values(), options.panel) if port)
        where = f"on port {ports}" if "," not in ports else f"on one of the ports {ports}"
        raise UserError(f"The simulated vendor cannot listen {where}: {why(failed)}.") from error
    except ValueError as error:
        raise UserError(f"The simulated vendor cannot start: {error}") from error
    return 0


def _system_error(error: BaseException) -> OSError:
    """The one at the bottom of groups of task groups; anything else in them is raised as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, OSError):
        return error
    raise error


def _say_ready(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def worker(until_idle: float | None) -> int:
    """Carry out confirmed send tests until told to end, or until idle for so long."""
    from bot.engine.worker import serve

    with opened() as app:
        logs.to(app.settings.home / "worker.log")
        return serve(
            app.settings,
            app.database,
            app.judge.concluded,
            until_idle=until_idle,
            rules=app.assistant.scenery.rules,
        )


def report(options: argparse.Namespace) -> int:
    """A vendor's scorecard to a file or to standard output."""
    with opened() as app:
        text = app.judge.document(options.vendor, options.format, options.language)
    if options.output:
        try:
            Path(options.output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"{options.output} cannot be written: {why(error)}.") from error
    else:
        sys.stdout.write(text)
    return 0
