"""Files people attached, as papers that can be asked about; each is read once, in the background.

What was read is kept in memory only, and the stored files are read again after a restart.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bot.attachments import place
from bot.dialogue.case import Case, FileKept
from knowledge.readers.paper import Read, Unreadable

if TYPE_CHECKING:
    from knowledge.papers import Papers

SIDE_BY_SIDE = 2  # files read at once
MOST_CHARACTERS = 10_000_000  # of all papers kept in memory
MOST_CASES = 10  # evaluations whose papers are kept ready
HELD_UP_S = 3.0  # the longest a reply waits for files still being read

Outcome = Read | Unreadable
Reading = Callable[[Path, str, str], Outcome]


def _apart(path: Path, name: str, kind: str) -> Outcome:
    from knowledge.readers import apart

    return apart.read(path, name, kind)


@dataclass
class Shelf:
    """The papers of every evaluation, each to be had by its own evaluation only.

    `files` is where attachments lie, `data` the content. Safe among threads.
    """

    files: Path
    data: Path
    read: Reading = _apart
    held_up_s: float = HELD_UP_S
    _known: OrderedDict[str, Future[Outcome]] = field(default_factory=OrderedDict)
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

    def of(self, case: Case) -> "Papers | None":
        """The papers filed in this evaluation as it stands; without those still being read."""
        files = list({file.sha256: file for _, file in case.files}.values())
        if not files:
            return None
        futures = {file.sha256: self._future(file) for file in files}
        wait(futures.values(), timeout=self.held_up_s)
        done = {digest: each.result() for digest, each in futures.items() if each.done()}
        outcomes = [(file.name, done.get(file.sha256)) for file in files]
        key = [(file.sha256, file.name, file.sha256 in done) for file in files]
        read = [(name, each) for name, each in outcomes if isinstance(each, Read)]
        return self._papers(case.id, key, read)

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
        with self._lock:
            known = self._known.get(file.sha256)
            if known is not None:
                self._known.move_to_end(file.sha256)
                return known
            future = self._known[file.sha256] = Future[Outcome]()
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
                    self._known.pop(file.sha256, None)
        future.set_result(outcome)
        self._forget()

    def _forget(self) -> None:
        """What was used longest ago goes where there is too much."""
        with self._lock:
            held = {digest: _characters(each) for digest, each in self._known.items()}
            too_many = sum(held.values()) - MOST_CHARACTERS
            for digest, characters in held.items():
                if too_many <= 0:
                    break
                if characters:
                    del self._known[digest]
                    too_many -= characters


def _characters(future: Future[Outcome]) -> int:
    outcome = future.result() if future.done() else None
    if not isinstance(outcome, Read):
        return 0
    return sum(len(section.text) for section in outcome.sections)
