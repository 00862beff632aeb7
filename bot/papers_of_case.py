"""Files people attached, as papers that can be asked about; each is read once, in the background.

What was read is kept in memory only, and the stored files are read again after a restart.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from bot.attachments import place
from bot.dialogue.case import Case, FileKept
from knowledge.readers.paper import Read, Unreadable

if TYPE_CHECKING:
    from knowledge.papers import PaperHit, Papers

SIDE_BY_SIDE = 2  # files read at once
MOST_CHARACTERS = 10_000_000  # of all papers kept in memory
MOST_CASES = 10  # evaluations whose papers are kept ready
HELD_UP_S = 3.0  # the longest a reply waits for files still being read

Outcome = Read | Unreadable
Reading = Callable[[Path, str, str], Outcome]
Bytes = tuple[str, str, str]  # digest, ending of the name, media type: all that reading depends on

_NO_PAPERS = frozenset({"picture", "sound"})  # kept as evidence; nobody expects them searched


def _apart(path: Path, name: str, kind: str) -> Outcome:
    from knowledge.readers import apart

    return apart.read(path, name, kind)


LeftOut = tuple[tuple[str, Unreadable | None], ...]


@dataclass(frozen=True)
class Filed:
    """The papers of one evaluation; `left_out` are names with why they cannot be searched.

    None instead of a reason: that one is still being read.
    """

    papers: "Papers | None"
    left_out: LeftOut = ()

    def find(self, question: str) -> "Sequence[PaperHit]":
        """What the papers that were read say to it."""
        return self.papers.find(question) if self.papers is not None else ()


@dataclass
class Shelf:
    """The papers of every evaluation, each to be had by its own evaluation only.

    `files` is where attachments lie, `data` the content. Safe among threads.
    """

    files: Path
    data: Path
    read: Reading = _apart
    held_up_s: float = HELD_UP_S
    _known: OrderedDict[Bytes, Future[Outcome]] = field(default_factory=OrderedDict)
    _filed: dict[int, frozenset[Bytes]] = field(default_factory=dict)
    _ready: OrderedDict[int, tuple[object, "Papers"]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(SIDE_BY_SIDE))

    def looked_at(self, file: FileKept) -> Outcome | None:
        """What came of reading a file just attached; None while it is still being read."""
        return self.all_looked_at([file])[file.sha256]

    def all_looked_at(self, files: Iterable[FileKept]) -> dict[str, Outcome | None]:
        """The same of several, by digest; they are waited for together."""
        futures = {file.sha256: self._future(file) for file in files}
        wait(futures.values(), timeout=self.held_up_s)
        return {name: each.result() if each.done() else None for name, each in futures.items()}

    def of(self, case: Case) -> Filed | None:
        """The papers filed in this evaluation as it stands; None where there are none."""
        files = list({file.sha256: file for _, file in case.files}.values())
        self._let_go(case.id, frozenset(map(_bytes, files)))
        outcomes = self.all_looked_at(files)
        read, left_out = list[tuple[str, Read]](), list[tuple[str, Unreadable | None]]()
        for file in files:
            outcome = outcomes[file.sha256]
            if isinstance(outcome, Read):
                read.append((file.name, outcome))
            elif outcome is None or outcome.reason not in _NO_PAPERS:
                left_out.append((file.name, outcome))
        if not read and not left_out:
            return None
        key = [(_bytes(file), file.name, outcomes[file.sha256] is not None) for file in files]
        return Filed(self._papers(case.id, key, read), tuple(left_out))

    def _let_go(self, case_id: int, filed: frozenset[Bytes]) -> None:
        """Forget what this evaluation no longer has, unless another one has it."""
        with self._lock:
            gone = self._filed.pop(case_id, frozenset()) - filed
            if gone:
                self._ready.pop(case_id, None)
            for each in gone.difference(*self._filed.values()):
                self._known.pop(each, None)
            if filed:
                self._filed[case_id] = filed

    def _papers(self, case_id: int, key: object, read: list[tuple[str, Read]]) -> "Papers | None":
        from knowledge.papers import Papers, glossary_of

        if not read:
            return None
        with self._lock:
            before = self._ready.get(case_id)
            if before is not None and before[0] == key:
                self._ready.move_to_end(case_id)
                return before[1]
        papers = Papers(read, glossary_of(self.data))
        with self._lock:
            self._ready[case_id] = (key, papers)
            while len(self._ready) > MOST_CASES:
                self._ready.popitem(last=False)
        return papers

    def _future(self, file: FileKept) -> Future[Outcome]:
        of = _bytes(file)
        with self._lock:
            known = self._known.get(of)
            if known is not None:
                self._known.move_to_end(of)
                return known
            future = self._known[of] = Future[Outcome]()
        threading.Thread(target=self._fill, args=(future, file), daemon=True).start()
        return future

    def _fill(self, future: Future[Outcome], file: FileKept) -> None:
        with self._free:
            try:
                path = place(self.files, file.sha256)
                outcome = self.read(path, file.name, file.media_type)
            except Exception:  # noqa: BLE001  a reply must not wait for ever, whatever happened
                outcome = Unreadable("damaged")
                with self._lock:  # whatever it was, the next question tries again
                    self._known.pop(_bytes(file), None)
        future.set_result(outcome)
        self._forget()

    def _forget(self) -> None:
        """What was used longest ago goes where there is too much."""
        with self._lock:
            held = {of: _characters(each) for of, each in self._known.items()}
            too_many = sum(held.values()) - MOST_CHARACTERS
            for of, characters in held.items():
                if too_many <= 0:
                    break
                if characters:
                    del self._known[of]
                    too_many -= characters


def _bytes(file: FileKept) -> Bytes:
    return file.sha256, PurePath(file.name).suffix.lower(), file.media_type


def _characters(future: Future[Outcome]) -> int:
    outcome = future.result() if future.done() else None
    if not isinstance(outcome, Read):
        return 0
    return sum(len(section.text) for section in outcome.sections)
