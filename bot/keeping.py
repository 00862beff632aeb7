"""Keeps what a turn decided: each effect becomes rows, inside the caller's transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session as Sql

from bot.dialogue import effects as do
from bot.dialogue.case import Given
from bot.dialogue.effects import Effect
from bot.store import cases, chats, confirmed, handsets, invitations, people, reminders, runs
from bot.store.tables import Assignment, Evaluation, Evidence, Run
from bot.store.vault import Vault

NEW = 0  # a case that this very turn opens


@dataclass(frozen=True)
class Chat:
    """Where a turn happens, and who speaks: in a group not always the same."""

    id: str
    person_id: int
    grouped: bool


@dataclass
class Keeper:
    """Writes the effects of one turn, in order. `opened` is the evaluation the turn started."""

    sql: Sql
    vault: Vault
    chat: Chat
    now: datetime
    add_run: Callable[[Sql, Run, str], None]
    turn: int | None = None
    opened: int = NEW
    link: Callable[[str], str] = str  # where a browser signs in with a code
    speaker: str = ""  # the name of whoever speaks
    touched: dict[int, int] = field(default_factory=dict)  # evaluations, with their new revision
    answered: list[Given] = field(default_factory=list)
    only_answered: bool = True  # of all that was touched, nothing but answers by the speaker

    @property
    def person(self) -> int:
        return self.chat.person_id

    def note_turn(self, message_id: str, words: str) -> None:
        turn = {
            "conversation_id": self.chat.id,
            "message_id": message_id,
            "person_id": self.person,
            "at": self.now,
            "words_sealed": self.vault.seal(words, "turn.words") if words else None,
        }
        self.turn = chats.add_turn(self.sql, turn)

    def keep(self, effect: Effect, version: str) -> None:
        """Write one effect; `version` is the checklist's, kept with a new evaluation."""
        match effect:
            case do.Say():
                chats.queue(self.sql, self.chat.id, chats.body(effect), self.now)
            case do.Open(vendor, walk):
                self._open(vendor, walk, version)
            case do.Confirm() | do.MarkRun() | do.StopRun():
                self._during_test(effect)
            case do.SetLanguage() | do.AboutReminder() | do.SignIn():
                self._about_person(effect)
            case do.Detach():
                cases.detach(self.sql, effect.case or self.opened, effect.item, effect.sha256)
                self._touch(effect.case or self.opened)
                self.only_answered = False
            case do.SetProfile() | do.Widen() | do.Record() | do.Attach() | do.Assign():
                self._about_case(effect, effect.case or self.opened)
            case do.StartRun():
                self._start(effect, effect.case or self.opened)
            case _:
                raise TypeError(f"nobody keeps {effect!r}")

    def _about_person(self, effect: do.SetLanguage | do.AboutReminder | do.SignIn) -> None:
        if isinstance(effect, do.SignIn):
            return self._sign_in(effect)
        if isinstance(effect, do.SetLanguage):
            return people.speak(self.sql, self.person, effect.language)
        if isinstance(effect, do.Remind) and effect.case == NEW:
            effect = replace(effect, case=self.opened)
        return reminders.keep(self.sql, effect, by=self.person, now=self.now)

    def _sign_in(self, effect: do.SignIn) -> None:
        """The link lies in the outbox as it is read, so it is good for minutes only."""
        text = effect.in_group
        if not self.chat.grouped:
            code = invitations.code_for(
                self.sql, self.vault, self.person, self.now, good_for=invitations.LINK_GOOD_FOR
            )
            text = effect.text.replace("{link}", self.link(code))
        chats.queue(self.sql, self.chat.id, chats.body(do.Say(text)), self.now)

    def _touch(self, case_id: int) -> None:
        if case_id not in self.touched:
            self.touched[case_id] = cases.touch(self.sql, case_id)

    def _open(self, vendor: str, walk: str, version: str) -> None:
        row = Evaluation(
            vendor=vendor,
            walk=walk,
            checklist_version=version,
            created_by=self.person,
            created_at=self.now,
        )
        self.sql.add(row)
        self.sql.flush()
        self.opened = row.id or NEW

    def _during_test(self, effect: do.Confirm | do.MarkRun | do.StopRun) -> None:
        match effect:
            case do.MarkRun(run_id, kind):
                runs.note_mark(self.sql, run_id, kind, self.now, whose=self._whose(kind))
            case do.Confirm(codes):
                person = self.person
                confirmed.keep(self.sql, self.vault, person, codes, now=self.now)
            case do.StopRun(run_id):
                runs.ask_to_stop(self.sql, run_id, self.now, by=self.speaker)

    def _whose(self, kind: str) -> list[int | None]:
        """That one has opted out says something of one's own numbers."""
        phones = handsets.of_person(self.sql, self.person) if kind == "replied" else []
        return [phone.number_id for phone in phones] or [None]

    def _about_case(
        self,
        effect: do.SetProfile | do.Widen | do.Record | do.Attach | do.Assign,
        case_id: int,
    ) -> None:
        self._touch(case_id)
        answers = isinstance(effect, do.Record) and effect.given.by == self.speaker
        self.only_answered &= answers
        match effect:
            case do.SetProfile(_, profile):
                self.sql.get_one(Evaluation, case_id).profile = profile.to_json()
            case do.Widen():
                self.sql.get_one(Evaluation, case_id).walk = "full"
            case do.Record(_, given):
                by = given.by or ""
                who = self.person if by == self.speaker else people.id_of(self.sql, by)
                whose = {"person_id": who or self.person, "turn_id": self.turn}
                kept = cases.add_answer(self.sql, self.vault, case_id, given, **whose)
                self.answered.append(kept)
            case do.Attach(_, item, file):
                columns = cases.file_row(self.vault, case_id, item, file)
                self.sql.add(
                    Evidence(**columns, person_id=self.person, turn_id=self.turn, at=self.now)
                )
            case do.Assign(_, item, colleague):
                self.sql.add(
                    Assignment(
                        evaluation_id=case_id,
                        item_id=item,
                        colleague=colleague,
                        by=self.person,
                        at=self.now,
                    )
                )
                self.sql.flush()
                reminders.handed(self.sql, case_id, colleague, by=self.person, now=self.now)
        self.sql.flush()

    def _start(self, effect: do.StartRun, case_id: int) -> None:
        run = Run(
            evaluation_id=case_id,
            connection_id=0,  # the sender fills in the connection named
            conversation_id=self.chat.id,
            test=effect.plan.get("test", "arrival"),
            plan=effect.plan,
            state="confirmed",
            planned_by=self.person,
            planned_at=self.now,
            confirmed_by=self.person,
            confirmed_at=self.now,
        )
        self.add_run(self.sql, run, effect.connection)
