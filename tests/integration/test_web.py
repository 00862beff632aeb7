"""What the web page's server takes and refuses, asked over HTTP without a browser."""

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from bot.store import chats
from bot.store.tables import Evidence, Outbox, Person, Turn
from tests.integration.web_browser import PUBLIC, Browser, own_lines, public, signed_in
from tests.integration.web_stage import Office

PDF = b"%PDF-1.4\n" + b"0" * 2000
MEGA = 1 << 20


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with public(tmp_path_factory.mktemp("web")) as opened:
        yield opened


def person_of(office: Office, name: str) -> int:
    with office.database() as database, database.read() as sql:
        return sql.exec(select(Person.id).where(Person.name == name)).one() or 0


def queue(office: Office, person: int, text: str, file: str = "") -> None:
    """Another process has something to say, as a worker does."""
    with office.database() as database, database.write() as sql:
        body = {"text": text, "buttons": [], "file": file, "numbered": True}
        chats.queue(sql, f"web:{person}", body, datetime.now(UTC))


def test_a_repeated_message_is_kept_once(office: Office) -> None:
    """A browser that asks again after a lost answer doubles nothing."""
    browser = signed_in(office, "Hal")
    assert [200, 200] == [browser.say("你好", "same").status for _ in range(2)]
    assert 200 == browser.say("帮助", "other").status
    assert ["你好", "帮助"] == own_lines(browser.news())


def test_news_of_another_process_comes_within_a_second_or_so(office: Office) -> None:
    """What a worker has to say is given to the waiting browser, and counts once it shows it."""
    browser = signed_in(office, "Ida")
    news = browser.news()
    browser.news(shown=",".join(str(line["reply"]) for line in news["lines"]))
    person = person_of(office, "Ida")
    queue(office, person, "a worker's word")
    found = browser.news(news["after"], state=news["state"])
    assert ["a worker's word"] == [line["text"] for line in found["lines"]]
    number = found["lines"][0]["reply"]
    assert not _is_delivered(office, number)
    again = browser.news(news["after"], state=news["state"])
    assert [number] == [line["reply"] for line in again["lines"]]
    queue(office, person, "more")
    browser.news(found["after"], state=found["state"], shown=str(number))
    assert _is_delivered(office, number)


def _is_delivered(office: Office, number: int) -> bool:
    with office.database() as database, database.read() as sql:
        return sql.get_one(Outbox, number).delivered_at is not None


def test_a_reply_of_somebody_else_cannot_be_acknowledged(office: Office) -> None:
    """Naming other people's replies as shown changes nothing about them."""
    browser = signed_in(office, "Jo")
    signed_in(office, "Kim")
    kim = person_of(office, "Kim")
    queue(office, kim, "for Kim")
    with office.database() as database, database.read() as sql:
        number = sql.exec(select(Outbox.id).where(Outbox.conversation_id == f"web:{kim}")).all()[-1]
    browser.news(shown=str(number))
    assert not _is_delivered(office, number or 0)


def test_reports_are_for_whom_they_were_written(office: Office, tmp_path: Path) -> None:
    """A report opens for its own person, without scripts, and for nobody else."""
    browser, other = signed_in(office, "Lee"), signed_in(office, "Max")
    path = tmp_path / "scorecard-1.html"
    path.write_text("<h1>Score</h1>", encoding="utf-8")
    queue(office, person_of(office, "Lee"), "the report", str(path))
    line = browser.news()["lines"][-1]
    assert "scorecard-1.html" == line["file"]
    answer = browser.ask("GET", f"/file/{line['reply']}")
    assert (200, b"<h1>Score</h1>") == (answer.status, answer.body)
    assert "sandbox" in answer.headers["content-security-policy"]
    saved = browser.ask("GET", f"/file/{line['reply']}?save=1")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert 404 == other.ask("GET", f"/file/{line['reply']}").status
    assert 401 == Browser(office).ask("GET", f"/file/{line['reply']}").status
    assert 404 == browser.ask("GET", f"/file/{line['reply'] + 1000}").status


def test_an_upload_becomes_evidence(office: Office) -> None:
    """A file is stored with its name, under the question it belongs to, and no copy is left."""
    browser = signed_in(office, "Nan")
    browser.say("/预筛 云信达", "v")
    answer = browser.ask(
        "POST", "/upload", PDF, X_Id="f1", X_Name=quote("../许可证.pdf"), X_Text="51"
    )
    assert 200 == answer.status
    line = next(line for line in browser.news()["lines"] if line["mine"] and line["files"])
    assert (["许可证.pdf"], "51") == (line["files"], line["text"])
    with office.database() as database, database.read() as sql:
        assert len(PDF) == sql.exec(select(Evidence.size)).all()[-1]
    assert [] == list((office.home / "incoming").iterdir())


def test_what_a_machine_would_run_is_refused_in_words(office: Office) -> None:
    """The content decides, whatever the name says."""
    browser = signed_in(office, "Oz")
    browser.say("/预筛 九州", "v")
    program = b"\x7fELF\x02\x01\x01" + bytes(500)
    browser.ask("POST", "/upload", program, X_Id="f1", X_Name="a.pdf")
    assert "没有保存" in "\n".join(line["text"] for line in browser.news()["lines"])


def test_too_large_an_upload_is_cut_off(office: Office) -> None:
    """More than 50 MB is refused while it comes, and nothing of it stays."""
    browser = signed_in(office, "Pat")
    before = own_lines(browser.news())
    try:
        status = browser.ask(
            "POST", "/upload", bytes(51 * MEGA), X_Id="f1", X_Name="big.bin"
        ).status
    except (ConnectionError, http.client.HTTPException):  # it stopped reading before the end
        status = 413
    assert 413 == status
    assert before == own_lines(browser.news())
    assert [] == list((office.home / "incoming").iterdir())


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/say", b"", 400),
        ("/say", b"[]", 400),
        ("/say", b"{}", 400),
        ("/say", b'{"id": 7}', 400),
        ("/say", json.dumps({"id": "x" * 65}).encode(), 400),
        ("/say", json.dumps({"id": "x", "text": "y" * 70_000}).encode(), 413),
        ("/enter", b'{"code": 1}', 400),
        ("/upload", b"x", 400),
    ],
)
def test_odd_requests_are_refused(office: Office, path: str, body: bytes, status: int) -> None:
    """A request that our page would not make is answered with a plain refusal."""
    assert status == signed_in(office, "Quin").ask("POST", path, body).status


def test_odd_questions_for_news_are_refused(office: Office) -> None:
    """What is no number is no place in a conversation."""
    browser = signed_in(office, "Ray")
    for query in ("after=x", "after=1.-1", "shown=1,x", "after=" + "9" * 30):
        assert 400 == browser.ask("GET", f"/news?{query}").status


def test_a_call_is_answered_for_the_vendor_on_the_screen(office: Office) -> None:
    """A tap meant for one vendor is not kept for another that the conversation moved to."""
    browser = signed_in(office, "Sue")
    browser.say("/预筛 甲公司", "a")
    call = browser.news(call="1")["call"]
    browser.say("/预筛 乙公司", "b")
    tap = {"id": "t", "action": "any:15:yes", "case": call["case"]}
    answer = browser.post("/say", tap)
    assert (409, "elsewhere") == (answer.status, answer.json["why"])
    now = browser.news(call="1")["call"]
    assert {"乙公司"} == {now["vendor"]}
    assert "" == _item(now, 15)["chosen"]
    assert 200 == browser.post("/say", tap | {"case": now["case"]}).status
    assert "yes" == _item(browser.news(call="1")["call"], 15)["chosen"]


def _item(call: Any, number: int) -> Any:
    items = [item for step in call["steps"] for item in step["items"]]
    return next(item for item in items if item["number"] == number)


def test_words_go_along_with_a_tap(office: Office) -> None:
    """A choice keeps the words it was said in, and a value keeps the judgement given to it."""
    browser = signed_in(office, "Tom")
    browser.say("/预筛 丙公司", "a")
    case = browser.news(call="1")["call"]["case"]

    def tap(id: str, action: str, text: str = "") -> Any:
        given = {"id": id, "action": action, "text": text, "case": case}
        assert 200 == browser.post("/say", given).status
        return browser.news(call="1")["call"]

    vague = _item(tap("1", "any:10:vague", "都差不多"), 10)
    assert ("vague", "都差不多") == (vague["chosen"], vague["words"])
    absent = _item(tap("2", "any:62:na", "不签合同"), 62)
    assert ("na", "不签合同") == (absent["chosen"], absent["note"])
    text = _item(tap("3", "any:3:", "10690000"), 3)
    assert "10690000" in text["said"]
    judged = _item(tap("4", "any:3:yes"), 3)
    assert ("yes", True) == (judged["chosen"], "10690000" in judged["said"])
    noted = _item(tap("5", "any:15:no"), 15)
    noted = _item(tap("6", "any:15:note", "下季度补"), 15)
    assert ("no", "下季度补") == (noted["chosen"], noted["note"])


def test_a_link_is_given_in_the_chat(office: Office) -> None:
    """`web` in a conversation gives its person a fresh link, good for one browser."""
    browser = signed_in(office, "Uma")
    browser.say("网页", "w")
    text = "\n".join(line["text"] for line in browser.news()["lines"] if not line["mine"])
    code = text.rpartition("#")[2][:10]
    assert f"https://{PUBLIC}/#{code}" in text
    other = Browser(office, "198.51.100.251")
    assert (200, "Uma") == (other.enter(code).status, other.news()["name"])
    assert 403 == Browser(office, "198.51.100.252").enter(code).status


def test_words_are_sealed_and_come_back(office: Office) -> None:
    """What a person said is unreadable in the database and whole on the page."""
    browser = signed_in(office, "Wim")
    browser.say("问 ☎ 长短信怎么计费？", "q")
    assert ["问 ☎ 长短信怎么计费？"] == own_lines(browser.news())
    with office.database() as database, database.read() as sql:
        sealed = sql.execute(
            sa.select(col(Turn.words_sealed)).where(
                col(Turn.conversation_id) == f"web:{person_of(office, 'Wim')}"
            )
        ).scalar_one()
    assert "长短信".encode() not in sealed
