"""From answers and runs to scorecards, and from a concluded run to measured answers."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bot.dialogue.case import Case
from bot.dialogue.effects import Say
from bot.dialogue.showing import Speaker
from bot.engine import judging, late
from bot.errors import UserError
from bot.report import answered, findings, measured, outcome, page, plain, scorecard
from bot.report.measured import Finished
from bot.store import cases, chats, runs
from bot.store.database import Database
from bot.store.tables import Run
from bot.wording import Wording
from evaluators.checklist import Checklist
from evaluators.policy import Policy
from evaluators.scoring import Scorecard, score

log = logging.getLogger(__name__)

LEAST = 30  # messages to handsets; fewer cannot even tell 99 % from 85 %, so they settle nothing


@dataclass(frozen=True)
class Judge:
    """Scores evaluations and writes their reports into `folder`."""

    database: Database
    checklist: Checklist
    policy: Policy
    wordings: Mapping[str, Wording]
    folder: Path
    clock: Callable[[], datetime]
    rejudge: Callable[[Database, int], Finished | None]

    def scorecard(self, case_id: int, language: str) -> tuple[str, str]:
        """The chat's text, and the path of the page just written."""
        case = self.case(case_id)
        speak = self.speaker(language)
        card = self.score(case)
        path = self._write(case, page.render(speak, case, card, self._all_finished(case)))
        return scorecard.text(speak, case, card), str(path)

    def document(self, vendor: str, form: str, language: str) -> str:
        """One evaluation's whole report as HTML or JSON; `vendor` is a name or a number."""
        case = self.case(self._find(vendor))
        card = self.score(case)
        if form == "json":
            return json.dumps(self.as_json(case, card), ensure_ascii=False, indent=2) + "\n"
        return page.render(self.speaker(language), case, card, self._all_finished(case))

    def as_json(self, case: Case, card: Scorecard) -> dict[str, Any]:
        """Everything the scorecard rests on, as plain values."""
        return plain.report(case, card, self.checklist)

    def score(self, case: Case) -> Scorecard:
        return score(
            self.checklist,
            findings.of(case, self.checklist.by_id),
            self.policy,
            profile=case.profile,
            now=self.clock(),
        )

    def case(self, case_id: int) -> Case:
        with self.database.read() as sql:
            case = cases.load(sql, self.database.vault, case_id)
        if case is None:
            raise UserError(f"There is no evaluation {case_id}.")
        return case

    def speaker(self, language: str) -> Speaker:
        return Speaker(self.wordings[language], self.checklist)

    def concluded(self, run_id: int) -> None:
        """Put what a run measured on the checklist and tell whoever started it; once per run."""
        finished = self.finished(run_id)
        with self.database.write() as sql:
            run = sql.get_one(Run, run_id)
            if runs.is_told(run):
                return
            numbers = self._keep(sql, run, finished) if finished else []
            if run.conversation_id:
                text = self._told(sql, run, finished, numbers)
                chats.queue(sql, run.conversation_id, chats.body(Say(text)), self.clock())
            runs.mark_told(run, self.clock())

    def finished(self, run_id: int) -> Finished | None:
        """A run judged anew from its stored rows; None where there is nothing to judge."""
        return self.rejudge(self.database, run_id)

    def revised(self, run_id: int, finished: Finished) -> bool:
        """Keep a verdict worked out anew, with the earlier one in its history, and tell of it.

        False where another process has done so, or where nothing is new.
        """
        with self.database.write() as sql:
            run = sql.get_one(Run, run_id)
            more = judging.newly_arrived(run, finished)
            if more is None:
                return False
            before = run.result["verdict"]["word"]
            judging.keep_revised(run, finished, self.clock())
            sql.add(run)
            numbers = self._keep(sql, run, finished)
            if run.conversation_id:
                wording = self.wordings[runs.language(sql, run.conversation_id)]
                word = wording(f"verdict.{before}")
                head = wording("outcome.revised", run=run_id, count=more, before=word)
                text = f"{head}\n{self._told(sql, run, finished, numbers)}"
                chats.queue(sql, run.conversation_id, chats.body(Say(text)), self.clock())
        return True

    def catch_up(self) -> list[int]:
        """Judge lately ended runs again where phones have told more; those whose verdict is new.

        Cheap where nothing came. Call it whenever a code is typed or a phone posts late. A run
        that cannot be judged again is logged and keeps its verdict.
        """
        with self.database.read() as sql:
            lately = late.lately(sql, self.clock())
        return [run_id for run_id in lately if self._caught_up(run_id)]

    def _caught_up(self, run_id: int) -> bool:
        try:
            anew = judging.revise(self.database, run_id)
            return anew is not None and self.revised(run_id, anew)
        except Exception:  # what was said is kept: whoever said it must not see this fail
            log.exception("run %d could not be judged again", run_id)
            return False

    def _keep(self, sql: Session, run: Run, finished: Finished) -> list[int]:
        """Measured answers for every item the run settles; the numbers of these items."""
        case = cases.load(sql, self.database.vault, run.evaluation_id or 0)
        if case is None or finished.verdict.counted is None or finished.metrics.watched < LEAST:
            return []
        more = answered.of(finished)
        kept = measured.answers(finished, self.checklist, self.clock(), more)
        for given in kept:
            numbered = replace(given, revision=case.revisions(given.item) + 1, run=run.id)
            sql.add(cases.answer_row(self.database.vault, case.id, numbered))
        cases.touch(sql, case.id)
        sql.flush()
        return sorted(self.checklist.numbers[given.item] for given in kept)

    def _told(self, sql: Session, run: Run, finished: Finished | None, numbers: list[int]) -> str:
        wording = self.wordings[runs.language(sql, run.conversation_id)]
        if finished is None:
            return wording("outcome.failed", run=run.id, problem=run.problem or "?")
        lines = outcome.text(wording, finished, title=runs.title(sql, run))
        simulated = runs.is_simulated(sql, run)
        if numbers:
            listed = wording("list.comma").join(str(number) for number in numbers)
            kept = "rehearsed" if simulated else "recorded"
            lines.append(wording(f"outcome.{kept}", numbers=listed, run=run.id))
        if simulated:
            lines.append(wording("outcome.simulated"))
        return "\n".join(lines)

    def _all_finished(self, case: Case) -> dict[int, Finished]:
        found = ((run.id, self.finished(run.id)) for run in case.runs if not run.going_on)
        return {run_id: finished for run_id, finished in found if finished is not None}

    def _find(self, vendor: str) -> int:
        with self.database.read() as sql:
            known = cases.lines(sql)
        wanted = [case.id for case in known if vendor in {str(case.id), case.vendor}]
        if not wanted:
            # said by a command, and those speak English whatever the report is in
            raise UserError(self.wordings["en"]("card.no_case", vendor=vendor))
        return wanted[-1]

    def _write(self, case: Case, text: str) -> Path:
        """The page under a name of its own, whole or not at all."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stamp = self.clock().strftime("%Y%m%d-%H%M%S")
        path = self.folder / f"scorecard-{case.id}-{stamp}.html"
        fresh = path.with_suffix(".part")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
        return path
