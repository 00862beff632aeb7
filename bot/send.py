"""`smsvet send`: one send test outside the chat, through the same checks, engine and ledger.

A plan for a simulated vendor is carried out at once. One for a real vendor is shown with what
stands in its way, and carried out with --go: a dry run is the default.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot import app
from bot.dialogue import showing
from bot.dialogue.planning import fitted
from bot.dialogue.scene import Line
from bot.engine import judging
from bot.errors import UserError
from bot.report import outcome
from bot.report.measured import Finished
from bot.store.tables import Run
from evaluators.content import read
from evaluators.errors import ContentError
from evaluators.sending import feasibility
from evaluators.sending.plan import Plan, cost

LOOK_S = 0.5


def run(options: argparse.Namespace) -> int:
    """0: carried out, or shown; 1: it could not be carried out; 2: the plan is wrong."""
    with app.opened() as built:
        plan, rules = _plan(options), built.assistant.rules
        line = _line(plan, built)
        plan = fitted(plan, line, app.now(), rules=rules, count=options.count)
        found = feasibility.check(plan, line.facts, app.now(), rules=rules)
        hindered = any(finding.blocking for finding in found)
        if hindered or not (line.simulated or options.go):
            return _show(options, plan, line, found)
        run_id = _start(plan, line, built)
        _wait(run_id, built, quiet=options.json)
        return _tell(run_id, built, as_json=options.json)


def _plan(options: argparse.Namespace) -> Plan:
    try:
        plan = read(Path(options.plan), Plan)
    except (OSError, ContentError) as error:
        raise UserError(f"The plan cannot be read: {error}") from error
    name = options.connection or plan.connection
    if not name:
        raise UserError("The plan names no connection; give one with --connection sim:honest.")
    return plan.model_copy(update={"connection": name})


def _line(plan: Plan, built: app.App) -> Line:
    """The connection the plan names."""
    with built.database.read() as sql:
        lines = built.assistant.sender.lines(sql, "en", thoroughly=True)
    found = next((line for line in lines if line.is_called(plan.connection or "")), None)
    if found is None:
        known = ", ".join(line.name for line in lines)
        raise UserError(f"There is no connection {plan.connection!r}; there are: {known}.")
    return replace(found, name=plan.connection or found.name)


def _show(
    options: argparse.Namespace,
    plan: Plan,
    line: Line,
    found: tuple[feasibility.Finding, ...],
) -> int:
    """The plan as it would be carried out, and what was found about it."""
    hindered = any(finding.blocking for finding in found)
    if options.json:
        shown = {
            "sent": False,
            "why": "hindered" if hindered else "dry run: add --go to send",
            "plan": plan.model_dump(mode="json"),
            "cost": cost(plan),
            "findings": [
                {
                    "blocking": finding.blocking,
                    "key": finding.key,
                    "params": dict(finding.params),
                    **finding.wording.model_dump(),
                }
                for finding in found
            ],
        }
        _print(json.dumps(shown, ensure_ascii=False, indent=2))
        return 2 if hindered else 0
    total = cost(plan)
    _print(f"{plan.count} messages through {line.title}, at most {plan.rate:g} per second")
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
        built.assistant.sender.add(sql, run, plan.connection or line.name)
        sql.flush()
        run_id = run.id or 0
    built.assistant.sender.wake()
    return run_id


def _wait(run_id: int, built: app.App, *, quiet: bool) -> None:
    """Until the run is judged; Ctrl-C asks it to stop, and it then concludes with what it has."""
    said = ""
    while True:
        run = _look(run_id, built)
        if run.told_at is not None:
            return
        line = showing.progress(built.wordings["en"], run.state, run.progress)
        if line != said and not quiet:
            sys.stderr.write(line + "\n")
        said = line
        try:
            time.sleep(LOOK_S)
        except KeyboardInterrupt:
            sys.stderr.write("Stopping; what was sent is still watched and judged.\n")
            with built.database.write() as sql:
                sql.get_one(Run, run_id).stop_asked_at = app.now()


def _tell(run_id: int, built: app.App, *, as_json: bool) -> int:
    run, finished = _look(run_id, built), built.judge.finished(run_id)
    if finished is None:
        problem = run.result.get("problem") or {}
        if as_json:
            _print(json.dumps({"sent": False, "run": run_id, "problem": problem}))
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
