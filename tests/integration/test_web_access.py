"""Who may open the web page, and from where, asked over HTTP without a browser."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.integration.web_browser import PUBLIC, Browser, own_lines, public, signed_in
from tests.integration.web_stage import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with public(tmp_path_factory.mktemp("web")) as opened:
        yield opened


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


def test_a_person_who_left_is_signed_out(office: Office) -> None:
    """The session of somebody who is no longer with the company opens nothing."""
    from bot.store import people

    browser = signed_in(office, "Vic")
    with office.database() as database, database.write() as sql:
        people.leave(sql, "Vic", datetime.now(UTC))
    assert 401 == browser.ask("GET", "/news").status
