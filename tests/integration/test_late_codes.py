"""A code typed after a run was judged: the verdict is worked out again, the earlier one stays."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot import access, app, wording
from bot.dialogue.showing import Speaker
from bot.engine import judging
from bot.judge import Judge
from bot.messages import Message as Typed
from bot.report import page, runs
from bot.settings import CONTENT
from bot.store import cases, confirmed, handsets, people, sightings
from bot.store.database import Database
from bot.store.sightings import Seen
from bot.store.tables import (
    Connection,
    Conversation,
    Evaluation,
    Handset,
    Message,
    Outbox,
    Person,
    Run,
)
from evaluators import checklist, policy
from tests.integration.phone_stage import Forwarder, listed, on_the_panel, serving
from tests.integration.send_stage import Stage, opened, plan

CODES = ("ACDEF3", "ACDEF4", "ACDEF6")
NS = 1_000_000_000


@dataclass
class Ended:
    """A run of three messages to a person's phone, none of which anybody has told of."""

    database: Database
    judge: Judge
    run_id: int
    person_id: int
    case_id: int

    def type(self, *codes: str) -> None:
        with self.database.write() as sql:
            vault = self.database.vault
            confirmed.keep(sql, vault, self.person_id, codes, now=datetime.now(UTC))

    def result(self) -> dict[str, Any]:
        with self.database.read() as sql:
            return dict(sql.get_one(Run, self.run_id).result)

    def told(self) -> list[str]:
        with self.database.read() as sql:
            return [row.body["text"] for row in sql.exec(select(Outbox).order_by(Outbox.id))]  # type: ignore[arg-type]


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


@pytest.fixture
def ended(stage: Stage, tmp_path: Path) -> Ended:
    database, now = stage.database, datetime.now(UTC)
    sent_ns = time.time_ns() - 60 * NS
    with database.write() as sql:
        person = Person(name="lin", created_at=now)
        sql.add(person)
        sql.flush()
        person_id = person.id or 0
        sql.add(Conversation(id="terminal:lin", person_id=person_id, updated_at=now))
        case = Evaluation(
            vendor="蓝海通信",
            walk="full",
            checklist_version="1",
            created_by=person_id,
            created_at=now,
        )
        line = Connection(name="real", created_at=now)
        sql.add(case)
        sql.add(line)
        sql.flush()
        case_id, line_id = case.id or 0, line.id or 0
    number_id = listed(database)
    phone_id = on_the_panel(
        database, number_id, "person", person_id=person_id, beat_every_s=12 * 3600
    )
    wanted = plan(3, 1, window_s=30, asks="works", title={"zh": "第一条", "en": "First"})
    with database.write() as sql:
        handsets.beat(sql, sql.get_one(Handset, phone_id), sent_ns)
        run = Run(
            evaluation_id=case_id,
            connection_id=line_id,
            conversation_id="terminal:lin",
            plan=wanted.model_dump(mode="json"),
            state="observing",
            planned_at=now - timedelta(minutes=2),
            started_at=now - timedelta(minutes=1),
            result={"end": "measured", "rule": None, "problem": None},
            progress={"schedule": [[0, sent_ns]], "at": now.isoformat()},
        )
        sql.add(run)
        sql.flush()
        run_id = run.id or 0
        for seq, code in enumerate(CODES):
            at_ns = sent_ns + seq * NS
            sql.add(
                Message(
                    run_id=run_id,
                    seq=seq,
                    number_id=number_id,
                    token=code,
                    state="acknowledged",
                    sent_ns=at_ns,
                    ack_ns=at_ns,
                    status=0,
                )
            )
    judge = Judge(
        database,
        checklist.load(CONTENT / "checklist"),
        policy.load(CONTENT / "checklist" / "policy.yaml"),
        wording.load(CONTENT / "wording"),
        tmp_path / "reports",
        lambda: datetime.now(UTC),
        judging.rejudge,
    )
    judging.conclude(database, run_id, now)
    judge.concluded(run_id)
    return Ended(database, judge, run_id, person_id, case_id)


def test_a_late_code_changes_the_verdict_and_tells(ended: Ended) -> None:
    """Codes typed after the end turn “does not work” into “works”; before and after are kept."""
    assert "not_worked" == ended.result()["verdict"]["word"]
    ended.type(*CODES)
    assert [ended.run_id] == ended.judge.catch_up()
    result = ended.result()
    assert ("worked", 3) == (result["verdict"]["word"], result["metrics"]["arrived"])
    assert result["went_well"]
    (before,) = result["history"]
    assert ("not_worked", 0, 3) == (
        before["verdict"]["word"],
        before["metrics"]["arrived"],
        before["more"],
    )
    first, second = ended.told()
    assert "有不通" in first
    assert "又报来 3 条" in second
    assert "有不通" in second
    assert "3/3" in second


def test_a_code_typed_late_in_the_chat_has_its_test_judged_again(
    stage: Stage, ended: Ended
) -> None:
    """The chat notes the code, says that the verdict is worked out again, and tells the new one."""
    now = datetime.now(UTC)
    with ended.database.write() as sql:
        people.enrol(sql, "terminal", "wu", roles=access.EVERYTHING, now=now)
        wu = sql.exec(select(Person).where(Person.name == "wu")).one()
        phone = sql.exec(select(Handset)).one()
        phone.person_id = wu.id
        sql.add(phone)
    with app.opened(stage.settings) as built:
        peer = built.assistant.enrol("terminal", "wu", access.EVERYTHING)
        built.assistant.handle(peer, Typed("1", text=" ".join(CODES)))
        (said,) = (reply.text for reply in built.assistant.waiting(peer.key))
    assert "结论会据此重算" in said
    assert "worked" == ended.result()["verdict"]["word"]
    assert "3/3" in ended.told()[-1] + ended.told()[-2]


def test_a_text_posted_late_by_a_phone_has_its_test_judged_again(ended: Ended) -> None:
    """A phone that was offline posts after the end: only what is about an ended test is told."""
    with ended.database.write() as sql:
        number_id = sql.exec(select(Handset)).one().number_id
    on_the_panel(ended.database, number_id, "smsforwarder", token="t2")
    called: list[list[int]] = []
    with serving(ended.database, late=lambda: called.append(ended.judge.catch_up())) as port:
        assert Forwarder(port, "t2").receive("妈妈:晚上回来吃饭吗").status == 200
        assert [] == called
        text = f"【到达测试】这是一条到达测试通知,编号 {CODES[0]},无需处理。"
        came = time.time_ns() / NS - 50
        assert Forwarder(port, "t2").receive(text, received=came).status == 200
    assert [[ended.run_id]] == called


def test_what_came_while_nobody_ran_is_judged_at_the_start(stage: Stage, ended: Ended) -> None:
    """A code kept by a program that ended before judging is found by the next one."""
    ended.type(*CODES)
    with app.opened(stage.settings) as built:
        built.take_up()
    assert "worked" == ended.result()["verdict"]["word"]


def test_nothing_new_changes_and_tells_nothing(ended: Ended) -> None:
    """Asked again, or typed again, nothing is judged and nothing is told twice."""
    assert [] == ended.judge.catch_up()
    ended.type(CODES[0])
    assert [ended.run_id] == ended.judge.catch_up()
    ended.type(CODES[0], "ACDEF7")
    assert [] == ended.judge.catch_up()
    assert 2 == len(ended.told())
    assert 1 == len(ended.result()["history"])


def test_two_processes_tell_once(ended: Ended) -> None:
    """Two that find the same news at once keep and tell it once."""
    ended.type(CODES[0])
    finished = judging.revise(ended.database, ended.run_id)
    assert finished
    assert [True, False] == [ended.judge.revised(ended.run_id, finished) for _ in range(2)]
    assert 2 == len(ended.told())


def test_a_text_held_back_by_a_phone_counts_by_its_own_time(ended: Ended) -> None:
    """An app that posts late says when the text came: one after the window has not arrived."""
    with ended.database.write() as sql:
        phone = sql.exec(select(Handset)).one()
        base_ns = sql.get_one(Message, (ended.run_id, 0)).sent_ns or 0
        for code, after_s in ((CODES[0], 5), (CODES[1], 50)):
            text = f"【到达测试】这是一条到达测试通知,编号 {code},无需处理。"
            at_ns = base_ns + after_s * NS
            seen = Seen("1069", text, at_ns, time.time_ns(), 0, "webhook", text)
            assert sightings.keep(sql, ended.database.vault, phone, seen)
    assert [ended.run_id] == ended.judge.catch_up()
    metrics = ended.result()["metrics"]
    assert (1, 1) == (metrics["arrived"], metrics["late_arrivals"])
    assert {"count": 2, "of": 2} == metrics["texts_same"]


def test_an_old_run_stays_as_it_was(ended: Ended) -> None:
    """A week after its end a run is no longer looked at."""
    with ended.database.write() as sql:
        run = sql.get_one(Run, ended.run_id)
        run.finished_at = datetime.now(UTC) - timedelta(days=8)
        sql.add(run)
    ended.type(*CODES)
    assert [] == ended.judge.catch_up()
    assert "not_worked" == ended.result()["verdict"]["word"]


@pytest.mark.parametrize(("language", "earlier"), [("zh", "前的结论：有不通"), ("en", "until")])
def test_the_report_shows_the_earlier_verdict(ended: Ended, language: str, earlier: str) -> None:
    """The page says what the verdict was, until when, and how many were told of since."""
    ended.type(CODES[0], CODES[1])
    ended.judge.catch_up()
    with ended.database.read() as sql:
        case = cases.load(sql, ended.database.vault, ended.case_id)
    finished = ended.judge.finished(ended.run_id)
    assert case
    assert finished
    speak = Speaker(ended.judge.wordings[language], ended.judge.checklist)
    line = runs.one(speak, case, finished)["lines"][-1]
    assert earlier in line
    assert "0/3" in line
    assert line in page.render(
        speak, case, ended.judge.score(case), {ended.run_id: finished}
    ).replace("&#34;", '"')
