"""The terminal: a prompt with history on a TTY, one message per line on a pipe."""

import shlex
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from bot.errors import UserError
from bot.messages import Message, Outgoing

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.history import History

LEAVING = frozenset({"/quit", "quit", "exit", "/exit", ":q", "退出", "再见"})
WAITING = frozenset({"/wait", "等结果"})
FILING = ("证据", "材料", "evidence", "/evidence")
WORDS = (  # what Tab completes
    *("/why", "/back", "/status", "/list", "/change ", "/evidence ", "/test ", "/report"),
    *("/ask ", "/mine", "/all", "/language ", "/reminders", "/drill", "/web", "/help", "/quit"),
    *("进度", "为什么", "上一题", "改 ", "证据 ", "测试 ", "报告", "列表", "帮助", "提醒", "演练"),
)
POLL = 0.4  # seconds between looks for news of a running test
WIDEST = 60
BANNER = "smsvet · 短信服务商评估 · SMS vendor evaluation"


class Desk(Protocol):
    """The application behind one person's conversation."""

    def greet(self) -> None: ...
    def handle(self, message: Message) -> None: ...
    def waiting(self) -> list[Outgoing]: ...
    def told(self, replies: list[Outgoing]) -> None: ...
    def progress(self) -> str:
        """The running test in a line, or nothing."""

    def said(self) -> list[str]:
        """What this person has typed before, oldest first."""


@dataclass
class Terminal:
    """One person at one terminal, once the application is loaded."""

    desk: Desk
    out: TextIO = field(default_factory=lambda: sys.stdout)

    def greet(self) -> None:
        """Say where we are, or what this is."""
        self.desk.greet()
        self.tell_waiting()

    def hear(self, line: str) -> bool:
        """Handle one line; False where the person leaves."""
        try:
            return self._hear(line)
        except UserError as error:  # such as a database that somebody else holds
            self.out.write(f"\n{error}\n\n")
            self.out.flush()
            return True

    def _hear(self, line: str) -> bool:
        word = line.strip().lower()
        if word in LEAVING:
            return False
        if word in WAITING:
            self.wait()
        elif word:
            self.desk.handle(read_line(line))
        self.tell_waiting()
        return True

    def tell_waiting(self) -> None:
        """Print what waits in the outbox, then mark it as told."""
        replies = self.desk.waiting()
        if replies and _is_tty(self.out):
            self.out.write("\n")
        linked = _is_tty(self.out)
        for reply in replies:
            self.out.write(show(reply, linked=linked) + "\n")
        self.out.flush()
        if replies:
            self.desk.told(replies)

    def wait(self) -> None:
        """Stay until no test runs any more, printing its progress as it changes.

        Ctrl-C ends the waiting, not the conversation.
        """
        last = ""
        with suppress(KeyboardInterrupt):
            while line := self.desk.progress():
                if line != last:
                    self.out.write(line + "\n")
                    self.out.flush()
                last = line
                time.sleep(POLL)


def converse(load: Callable[[], Desk]) -> None:
    """Talk until the person leaves or the input ends. `load` builds the application."""
    if _is_tty(sys.stdout):
        return _Prompt(_Loading(load)).run()
    terminal = Terminal(load())
    terminal.greet()
    for line in _piped(sys.stdin):
        if not terminal.hear(line):
            return None
    return None


class _Loading:
    """Builds the application on a thread of its own, while the person already types."""

    def __init__(self, load: Callable[[], Desk]) -> None:
        self._load = load
        self._desk: Desk | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="loading", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._desk = self._load()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self.error = error

    @property
    def ready(self) -> bool:
        return self._desk is not None

    def desk(self) -> Desk:
        """Wait for it; raises what went wrong."""
        self._thread.join()
        if self.error is not None:
            raise self.error
        assert self._desk is not None  # noqa: S101 - neither error nor result is impossible
        return self._desk


class _Prompt:
    """Lines from a person, with editing; news of a running test appears above the prompt."""

    def __init__(self, loading: _Loading) -> None:
        from prompt_toolkit import PromptSession

        self._loading = loading
        self._terminal: Terminal | None = None
        self._progress = "…"
        self._session: PromptSession[str] = PromptSession(
            refresh_interval=POLL,
            bottom_toolbar=self._toolbar,
            completer=_completer(),
            complete_while_typing=False,  # Tab asks for it; nothing jumps about while one types
            history=_history(loading),
        )
        self._session.app.after_render += self._look

    def run(self) -> None:
        sys.stdout.write(BANNER + "\n")
        while (line := self._line()) is not None:
            if not self._here().hear(line):
                return

    def _line(self) -> str | None:
        """The next line; None where the person leaves with Ctrl-D. Ctrl-C clears the line."""
        from prompt_toolkit.patch_stdout import patch_stdout

        while True:
            try:
                with patch_stdout():
                    return self._session.prompt("› ")
            except KeyboardInterrupt:
                continue
            except EOFError:
                return None

    def _here(self) -> Terminal:
        if self._terminal is None:
            self._terminal = Terminal(self._loading.desk())
            self._terminal.greet()
        self._terminal.out = sys.stdout  # which is patched while a prompt waits
        return self._terminal

    def _look(self, _app: object) -> None:
        """Called again and again while the prompt waits: greets, and tells what has come.

        Not from the toolbar, which some terminals never show.
        """
        if self._loading.error is not None:
            self._session.app.exit(exception=self._loading.error)
        elif self._loading.ready:
            terminal = self._here()
            with suppress(UserError):  # told with the next look
                terminal.tell_waiting()
                self._progress = terminal.desk.progress()

    def _toolbar(self) -> str | None:
        return self._progress or None


def _history(loading: _Loading) -> "History":
    """What was typed before comes from the database, where it is sealed; no file of it is kept."""
    from prompt_toolkit.history import History, ThreadedHistory

    class Said(History):
        def load_history_strings(self) -> Iterable[str]:
            return reversed(loading.desk().said())

        def store_string(self, string: str) -> None:
            """It is stored with the turn."""

    return ThreadedHistory(Said())


def _completer() -> "Completer":
    """Tab completes the steering words, and paths behind the word that files go with."""
    from prompt_toolkit.completion import Completer, Completion, PathCompleter
    from prompt_toolkit.document import Document

    paths = PathCompleter(expanduser=True)

    class Words(Completer):
        def get_completions(self, document: Document, event: object) -> Iterator[Completion]:
            text = document.text_before_cursor
            head, space, rest = text.partition(" ")
            if space and head.lower() in FILING:
                number, gap, after = rest.partition(" ")
                named = after if gap and number.isdigit() else rest
                yield from paths.get_completions(Document(named), event)  # type: ignore[arg-type]
                return
            for word in WORDS:
                if text and word.startswith(text.lower()):
                    yield Completion(word, start_position=-len(text))

    return Words()


def read_line(line: str) -> Message:
    """A line as a message; `证据 7 "一份 合同.pdf"` carries a file."""
    text = line.strip()
    head, _, rest = text.partition(" ")
    if head.lower() in FILING and rest.strip():
        caption, path = _caption_and_path(rest.strip())
        if path is not None:
            return Message(uuid.uuid4().hex, text=caption, paths=(path,))
    return Message(uuid.uuid4().hex, text=text)


def _caption_and_path(rest: str) -> tuple[str, Path | None]:
    """`7 path`, `path`, either with quotes; `to 7` is no file."""
    number, _, after = rest.partition(" ")
    caption = number if number.isdigit() and after.strip() else ""
    named = after.strip() if caption else rest
    if named.lower().startswith("to ") or named.isdigit():
        return "", None
    try:
        parts = shlex.split(named)
    except ValueError:  # an odd quote is part of the name
        parts = [named]
    name = parts[0] if len(parts) == 1 else named
    return caption, Path(name).expanduser()


def show(reply: Outgoing, *, linked: bool = False) -> str:
    """A reply as lines of text; choices carry the number that picks them.

    `linked`: the terminal can open a file that is named (OSC 8; others show the path alone).
    """
    lines = [reply.text]
    if reply.buttons:
        labels = [label for label, _ in reply.buttons]
        if reply.numbered:
            labels = [f"{number} {label}" for number, label in enumerate(labels, start=1)]
        line = "   " + "  ·  ".join(labels)
        fits = len(line) <= WIDEST  # characters; Chinese ones take two columns
        lines += [line] if fits else [f"   {label}" for label in labels]
    if reply.file:
        lines.append(f"   → {_link(reply.file) if linked else reply.file}")
    return "\n".join(lines) + "\n"


def _link(path: str) -> str:
    return f"\x1b]8;;{Path(path).absolute().as_uri()}\x1b\\{path}\x1b]8;;\x1b\\"


def _is_tty(out: TextIO) -> bool:
    return sys.stdin.isatty() and out.isatty()


def _piped(source: TextIO) -> Iterator[str]:
    """Lines as they come; a byte that is no text does not end the conversation."""
    reconfigure = getattr(source, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace")
    yield from source
