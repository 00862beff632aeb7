"""`smsvet send`: one send test outside the chat, through the same checks, engine and ledger.

A plan for a simulated vendor is carried out at once. One for a real vendor is shown with what
stands in its way, and carried out with --go: a dry run is the default.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot import app
from bot.dialogue import showing
from bot.dialogue.planning import findings, fitted
from bot.dialogue.scene import Line
from bot.engine import judging
from bot.errors import UserError, why
from bot.report import outcome
from bot.report.measured import Finished
from bot.store import runs
from bot.store.tables import Run
from evaluators.content import read
from evaluators.errors import ContentError
from evaluators.sending import feasibility
from evaluators.sending.plan import Plan, cost

LOOK_S = 0.5
WAKE_S = 5.0
STILL_S = 5.0  # without a note by the worker, which makes one every second
STILL = (
    "Nothing has been written for a while: is the disk full, or the database away? Nothing more"
    " leaves meanwhile; the test goes on by itself."
)
OWN = "own"  # what a plan file's test is called where it does not say


def run(options: argparse.Namespace) -> int:
    """0: carried out, or shown; 1: it could not be carried out; 2: the plan is wrong."""
    if options.count is not None and options.count < 1:
        raise UserError("--count is at least 1.")
    marks = [_mark(text) for text in options.mark]
    with app.opened() as built:
        plan, rules = _plan(options), built.assistant.scenery.rules
        lines = _lines(plan, built)
        plan = fitted(plan, lines, app.now(), rules=rules, count=options.count)
        found = findings(plan, lines, app.now(), rules=rules)
        hindered = any(finding.blocking for finding in found)
        if hindered or not (options.go or all(line.simulated for line in lines)):
            return _show(options, plan, lines, found)
        run_id = _start(plan, lines[0], built)
        _wait(run_id, built, marks=marks, quiet=options.json)
        return _tell(run_id, built, as_json=options.json)


def _mark(text: str) -> tuple[str, float]:
    """`fault@60`: what is noted, and how many seconds after the test has begun."""
    kind, _, seconds = text.partition("@")
    try:
        return kind, float(seconds)
    except ValueError as error:
        raise UserError(f"--mark is KIND@SECONDS, such as fault@60, not {text!r}.") from error


def _plan(options: argparse.Namespace) -> Plan:
    path = Path(options.plan)
    try:
        with path.open("rb"):  # a missing file is said without a line
            plan = read(path, Plan)
    except OSError as error:
        raise UserError(f"The plan {path} cannot be read: {why(error)}.") from error
    except ContentError as error:
        raise UserError(f"The plan cannot be read: {error}") from error
    name = options.connection or plan.connection
    if not name:
        raise UserError("The plan names no connection; give one with --connection sim:honest.")
    changes = {"connection": name, "pair": options.pair or plan.pair}
    if "test" not in plan.model_fields_set:
        changes["test"] = OWN  # or it would count as the usual test, and open the way for larger
    return plan.model_copy(update=changes)


def _lines(plan: Plan, built: app.App) -> list[Line]:
    """The connections the plan names: one, or two that are compared."""
    with built.database.read() as sql:
        known = built.assistant.scenery.sender.lines(sql, "en", thoroughly=True)
    made = []
    for name in filter(None, (plan.connection, plan.pair)):
        found = next((line for line in known if line.is_called(name)), None)
        if found is None:
            names = ", ".join(line.name for line in known)
            raise UserError(f"There is no connection {name!r}; there are: {names}.")
        made.append(replace(found, name=name))
    if len({line.simulated for line in made}) > 1:
        raise UserError("A simulated and a real vendor cannot be compared.")
    return made


def _show(
    options: argparse.Namespace,
    plan: Plan,
    lines: Sequence[Line],
    found: Sequence[feasibility.Finding],
) -> int:
    """The plan as it would be carried out, and what was found about it."""
    hindered = any(finding.blocking for finding in found)
    total = cost(plan)
    total = None if total is None else total * len(lines)
    if options.json:
        shown = {
            "sent": False,
            "why": "hindered" if hindered else "dry run: add --go to send",
            "plan": plan.model_dump(mode="json"),
            "cost": total,
            "findings": [
                {
                    "blocking": finding.blocking,
                    "key": finding.key,
                    "params": dict(finding.params),
                    "wording": finding.wording.model_dump(),
                }
                for finding in found
            ],
        }
        _print(json.dumps(shown, ensure_ascii=False, indent=2))
        return 2 if hindered else 0
    through = " and ".join(line.title for line in lines)
    messages = "1 message" if plan.count == 1 else f"{plan.count} messages"
    _print(f"{messages} through {through}, at most {plan.rate:g} per second")
    _print(f"cost at most: {'unknown, no price' if total is None else f'CNY {total:.2f}'}")
    for finding in found:
        _print(f"{'!' if finding.blocking else '-'} {finding.wording.en}")
        _print(f"  {finding.wording.zh}")
    _print("Nothing was sent." + ("" if hindered else " This was a dry run: add --go to send."))
    return 2 if hindered else 0


def _start(plan: Plan, line: Line, built: app.App) -> int:
    """Write the run as confirmed by whoever typed the command; the worker takes it up."""
    now = app.now()
    run = Run(
        connection_id=0,
        test=plan.test,
        plan=plan.model_dump(mode="json"),
        state="confirmed",
        planned_at=now,
        confirmed_at=now,
    )
    with built.database.write() as sql:
        built.assistant.scenery.sender.add(sql, run, plan.connection or line.name)
        sql.flush()
        run_id = run.id or 0
    built.assistant.scenery.sender.wake()
    return run_id


def _wait(run_id: int, built: app.App, *, marks: Sequence[tuple[str, float]], quiet: bool) -> None:
    """Until the run is judged; Ctrl-C asks it to stop, and it then ends without a verdict."""
    said, left, still = "", sorted(marks, key=lambda mark: mark[1]), False
    woken = time.monotonic()
    while (run := _look(run_id, built)).told_at is None:
        if time.monotonic() - woken > WAKE_S:  # the worker may have been killed meanwhile
            built.assistant.scenery.sender.wake()
            woken = time.monotonic()
        line = showing.progress(built.wordings["en"], run.state, run.progress)
        if line != said and not quiet:
            sys.stderr.write(line + "\n")
        said = line
        before, still = still, is_still(run, app.now())
        if still and not before and not quiet:
            sys.stderr.write(STILL + "\n")
        while left and _seconds_in(run) >= left[0][1]:
            _note(run_id, left.pop(0)[0], built)
        try:
            time.sleep(LOOK_S)
        except KeyboardInterrupt:
            sys.stderr.write(_stopping(_look(run_id, built)))
            with built.database.write() as sql:
                runs.ask_to_stop(sql, run_id, app.now())


def _stopping(run: Run) -> str:
    sent, planned = run.progress.get("sent", 0), run.plan["count"]
    return (
        f"Stopping; {sent} of {planned} messages had left by now. What left is counted, there will"
        " be no verdict.\n"
    )


def is_still(run: Run, now: datetime) -> bool:
    """Whether the worker should have noted something since; it waits for a full disk, perhaps."""
    at = run.progress.get("at")
    if at is None or run.result.get("end") or run.state not in runs.GOING_ON:
        return False
    return (now - datetime.fromisoformat(at)).total_seconds() > STILL_S


def _seconds_in(run: Run) -> float:
    """How long messages have been due."""
    return (app.now() - run.started_at).total_seconds() if run.started_at else 0.0


def _note(run_id: int, kind: str, built: app.App) -> None:
    with built.database.write() as sql:
        runs.note_mark(sql, run_id, kind, app.now())


def _tell(run_id: int, built: app.App, *, as_json: bool) -> int:
    run, finished = _look(run_id, built), built.judge.finished(run_id)
    if finished is None:
        problem = run.result.get("problem") or {}
        if as_json:
            said = {"sent": False, "run": run_id, "problem": problem}
            _print(json.dumps(said, ensure_ascii=False, indent=2))
        else:
            sys.stderr.write(f"The test could not be carried out: {problem.get('en', '?')}\n")
        return 1
    if as_json:
        _print(json.dumps(_document(run, finished, built), ensure_ascii=False, indent=2))
    else:
        for line in outcome.text(built.wordings["en"], finished, title=f"run {run_id}"):
            _print(line)
    return 0


def _document(run: Run, finished: Finished, built: app.App) -> dict[str, Any]:
    """The run's figures; of a comparison the second vendor's too, under `pair`."""
    made = {"sent": True, "run": run.id, "end": run.result.get("end"), **judging.as_json(finished)}
    if run.pair_id is not None and (second := built.judge.finished(run.pair_id)):
        made["pair"] = {"run": run.pair_id, **judging.as_json(second)}
    return made


def _look(run_id: int, built: app.App) -> Run:
    with built.database.read() as sql:
        return sql.get_one(Run, run_id)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
