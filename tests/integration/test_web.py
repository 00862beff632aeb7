"""What the web page's server takes and refuses, asked over HTTP without a browser."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from bot.store import chats
from bot.store.tables import Evidence, Outbox, Person, Turn
from tests.integration.web_stage import Office

PUBLIC = "vet.example.com"
PDF = b"%PDF-1.4\n" + b"0" * 2000
MEGA = 1 << 20


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    opened = Office(tmp_path_factory.mktemp("web"), more={"SMSVET_PUBLIC_URL": f"https://{PUBLIC}"})
    opened.start()
    yield opened
    opened.stop()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Browser:
    """What a browser would send, as far as a test does not say otherwise."""

    office: Office
    address: str = "192.0.2.1"
    cookie: str = ""
    last: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> Answer:
        usual = {"Host": f"127.0.0.1:{self.office.port}", "X-Forwarded-For": self.address}
        if method == "POST":
            usual |= {"Origin": self.office.url, "X-Smsvet": "1"}
        if self.cookie:
            usual["Cookie"] = self.cookie
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        line = http.client.HTTPConnection("127.0.0.1", self.office.port, timeout=40)
        try:
            sent = {name: value for name, value in (usual | given).items() if value is not None}
            line.request(method, path, body, sent)
            got = line.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            line.close()

    def post(self, path: str, given: object, **headers: str | None) -> Answer:
        return self.ask("POST", path, json.dumps(given).encode(), **headers)

    def enter(self, code: str, **headers: str | None) -> Answer:
        answer = self.post("/enter", {"code": code}, **headers)
        if answer.status == 200:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def say(self, text: str, id: str = "m1") -> Answer:
        return self.post("/say", {"id": id, "text": text})

    def news(self, after: str = "0.0", **more: str) -> Any:
        asked = "&".join(f"{name}={value}" for name, value in {"after": after, **more}.items())
        return self.ask("GET", f"/news?{asked}").json


def signed_in(office: Office, name: str) -> Browser:
    browser = Browser(office)
    browser.address = f"198.51.100.{sum(name.encode()) % 250}"
    assert 200 == browser.enter(office.invite(name)).status
    assert 200 == browser.post("/open", {}).status
    return browser


def own_lines(news: Any) -> list[str]:
    return [line["text"] for line in news["lines"] if line["mine"]]


def person_of(office: Office, name: str) -> int:
    with office.database() as database, database.read() as sql:
        return sql.exec(select(Person.id).where(Person.name == name)).one() or 0


def queue(office: Office, person: int, text: str, file: str = "") -> None:
    """Another process has something to say, as a worker does."""
    with office.database() as database, database.write() as sql:
        body = {"text": text, "buttons": [], "file": file, "numbered": True}
        chats.queue(sql, f"web:{person}", body, datetime.now(UTC))


def test_a_code_is_used_up_by_signing_in_and_by_nothing_else(office: Office) -> None:
    """Looking at the link leaves the code alone; it then signs one browser in, once."""
    code = office.invite("Ada")
    stranger = Browser(office)
    assert [200, 200] == [stranger.ask("GET", path).status for path in ("/", f"/?{code}")]
    assert 401 == stranger.ask("GET", "/news").status
    first, second = Browser(office), Browser(office)
    answer = first.enter(code)
    assert (200, "Ada") == (answer.status, answer.json["name"])
    assert 403 == second.enter(code).status
    assert "Ada" == first.news()["name"]


def test_the_session_stays_in_the_browser(office: Office) -> None:
    """The cookie is out of reach of scripts and other sites, and needs HTTPS where that is used."""
    near = Browser(office).enter(office.invite("Bo")).headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "max-age=2592000", "path=/"} <= set(near.split("; "))
    assert "secure" not in near.split("; ")
    far = Browser(office).enter(office.invite("Bo"), Host=PUBLIC, Origin=f"https://{PUBLIC}")
    assert "secure" in far.headers["set-cookie"].lower().split("; ")
    behind = Browser(office).enter(office.invite("Bo"), Origin=f"https://{PUBLIC}")
    assert "secure" in behind.headers["set-cookie"].lower().split("; ")


def test_signing_out_ends_the_session(office: Office) -> None:
    """After signing out the old cookie opens nothing."""
    browser = signed_in(office, "Cy")
    assert 200 == browser.post("/leave", {}).status
    assert 401 == browser.ask("GET", "/news").status


@pytest.mark.parametrize("path", ["/", "/page/page.js", "/news", "/file/1"])
def test_other_names_are_refused(office: Office, path: str) -> None:
    """A name that somebody pointed at this machine gets nothing: not even the page."""
    browser = signed_in(office, "Di")
    for host in ("evil.example", f"evil.example:{office.port}", "127.0.0.1.evil.example", "", "["):
        assert 421 == browser.ask("GET", path, Host=host).status, host
    assert 421 != browser.ask("GET", "/page/page.js", Host=f"localhost:{office.port}").status


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"X_Smsvet": None},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_other_sites_cannot_speak_for_somebody(
    office: Office, headers: dict[str, str | None]
) -> None:
    """Only our own page may post; anything else is refused and leaves nothing behind."""
    browser = signed_in(office, "Ed")
    before = own_lines(browser.news())
    given = json.dumps({"id": "evil", "text": "evil"}).encode()
    assert 403 == browser.ask("POST", "/say", given, **headers).status
    assert before == own_lines(browser.news())


def test_guessing_is_slowed_down(office: Office) -> None:
    """Whoever tries many codes from one address is not heard for a while; others are."""
    guesser = Browser(office, "203.0.113.7")
    tried = [guesser.enter("ABCDEFGHJK").status for _ in range(25)]
    assert {403, 429} == set(tried)
    assert 429 == guesser.enter(office.invite("Flo")).status
    assert 200 == Browser(office, "203.0.113.8").enter(office.invite("Flo")).status


def test_right_codes_are_no_guesses(office: Office) -> None:
    """A whole company behind one address can sign in on one morning."""
    found = {Browser(office, "203.0.113.9").enter(office.invite(f"P{n}")).status for n in range(30)}
    assert {200} == found


def test_nothing_personal_is_cached_or_framed(office: Office) -> None:
    """Every answer forbids frames and foreign content; personal ones are stored nowhere."""
    browser = signed_in(office, "Gus")
    for path in ("/", "/page/page.js", "/news", "/nothing-here"):
        answer = browser.ask("GET", path)
        if path != "/nothing-here":
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
    assert "no-store" == browser.ask("GET", "/news").headers["cache-control"]


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


def test_a_person_who_left_is_signed_out(office: Office) -> None:
    """The session of somebody who is no longer with the company opens nothing."""
    from bot.store import people

    browser = signed_in(office, "Vic")
    with office.database() as database, database.write() as sql:
        people.leave(sql, "Vic", datetime.now(UTC))
    assert 401 == browser.ask("GET", "/news").status


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
