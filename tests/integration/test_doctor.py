"""`smsvet doctor` against platforms of ours: what is right, what is wrong, and what to do."""

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from bot import doctor
from bot.channels.telegram.probing import contested
from bot.doctor import network, page, people, telegram, wecom
from bot.doctor.check import Check
from bot.fakes.telegram import Fake, serve
from bot.fakes.telegram.faults import Fault
from bot.fakes.telegram.updates import Webhook
from bot.fakes.wecom import FakeWecom, fake_wecom
from bot.settings import Settings, load
from bot.store import invitations, outbox
from bot.store.database import Database
from bot.store.tables import Conversation, Outbox, Person, Reminder
from tests.integration.telegram_stage import Recorder, stage

NOW = datetime.now(UTC)
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"


def examined(settings: Settings, *, contact: bool = False) -> dict[str, Check]:
    return by_name(doctor.examine(settings, NOW, contact=contact))


def by_name(checks: Iterable[Check]) -> dict[str, Check]:
    return {each.name: each for each in checks}


def about_telegram(settings: Settings) -> dict[str, Check]:
    return by_name(telegram.examine(settings, "", answer_s=2.0))


def about_wecom(settings: Settings, *, contact: bool = False) -> dict[str, Check]:
    return by_name(wecom.examine(settings, "", contact=contact))


def about_people(settings: Settings) -> dict[str, Check]:
    database = Database.open(settings)
    try:
        with database.read() as sql:
            return by_name(people.examine(sql, settings, NOW))
    finally:
        database.close()


def settled(home: Path, **more: str) -> Settings:
    """Settings as the environment gives them, with nothing of this machine's own."""
    named = {f"SMSVET_{name.upper()}": value for name, value in more.items()}
    return load({"SMSVET_HOME": str(home), "SMSVET_WEB_PORT": str(nobodys_port()), **named})


def nobodys_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def beside(context: Any) -> Iterator[Any]:
    """An asynchronous server that runs beside the test, in a thread of its own."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(context) as server:
        yield server, portal


@contextmanager
def on_telegram(home: Path, **more: str) -> Iterator[tuple[Fake, Settings]]:
    fake = Fake()
    with beside(serve(fake)) as (url, _portal):
        given = {"telegram_token": fake.token, **more}
        yield fake, settled(home, telegram_base_url=f"{url}/bot", **given)


@contextmanager
def on_wecom(home: Path, **more: str) -> Iterator[tuple[FakeWecom, BlockingPortal, Settings]]:
    with beside(fake_wecom()) as (fake, portal):
        given = {"wecom_bot_id": fake.bot_id, "wecom_secret": fake.secret, **more}
        yield fake, portal, settled(home, wecom_url=fake.url, **given)


@contextmanager
def stored(settings: Settings) -> Iterator[Any]:
    database = Database.open(settings)
    try:
        with database.write() as sql:
            yield sql
    finally:
        database.close()


def test_a_good_token_says_who_the_bot_is(tmp_path: Path) -> None:
    """A bot that answers is named, with its privacy mode, and nothing is changed at Telegram."""
    with on_telegram(tmp_path) as (fake, settings):
        found = about_telegram(settings)
        asked = [call.method for call in fake.calls]
    assert found["Telegram bot"].fine
    assert f"@{fake.me['username']}" in found["Telegram bot"].found
    assert "privacy mode is on" in found["Telegram groups"].found
    assert "no webhook is set" in found["Telegram updates"].found
    assert ["getMe", "getWebhookInfo"] == asked


def test_a_wrong_token_is_named_without_being_shown(tmp_path: Path) -> None:
    """A token Telegram does not know is a problem with advice; the token itself is not printed."""
    with on_telegram(tmp_path, telegram_token="1000000001:wrong") as (_fake, settings):
        found = about_telegram(settings)
    assert not found["Telegram bot"].fine
    assert "@BotFather" in found["Telegram bot"].advice
    assert "1000000001:wrong" not in str(found)


def test_a_bot_that_reads_everything_is_told(tmp_path: Path) -> None:
    """A bot whose privacy mode is off is not a problem, but is said to be so."""
    with on_telegram(tmp_path) as (fake, settings):
        fake.privacy = False
        assert "privacy mode is off" in about_telegram(settings)["Telegram groups"].found


def test_a_webhook_of_somebody_else_is_a_problem(tmp_path: Path) -> None:
    """Where updates are to be asked for and a webhook is set, doctor says so."""
    with on_telegram(tmp_path) as (fake, settings):
        fake.updates.webhook = Webhook("https://other.example/hook")
        found = about_telegram(settings)["Telegram updates"]
    assert (False, "posted to other.example") == (found.fine, found.found.partition(",")[0])


def test_a_missing_webhook_is_a_problem_where_one_is_wanted(tmp_path: Path) -> None:
    """Where Telegram is to post and does not know where to, doctor says what sets it."""
    public = {"public_url": "https://127.0.0.1:9", "telegram_webhook_secret": "s3"}
    with on_telegram(tmp_path, **public) as (_fake, settings):
        found = about_telegram(settings)["Telegram updates"]
    assert not found.fine
    assert "smsvet serve" in found.advice


def test_telegram_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """An address that takes the call and says nothing ends in one line, not in a wait."""
    with on_telegram(tmp_path) as (fake, settings):
        fake.faults.set(Fault("silent", "getMe"))
        found = about_telegram(settings)
    assert not found["Telegram bot"].fine
    assert "Telegram groups" not in found


def test_without_network_there_is_one_line_for_each_platform(tmp_path: Path) -> None:
    """Where nothing can be reached each platform has one line that says so."""
    nowhere = f"127.0.0.1:{nobodys_port()}"
    bots = {"telegram_token": "1:x", "wecom_bot_id": "b", "wecom_secret": "s"}
    urls = {"telegram_base_url": f"http://{nowhere}/bot", "wecom_url": f"ws://{nowhere}"}
    found = examined(settled(tmp_path, **bots, **urls), contact=True)
    for name in ("Telegram", "WeCom"):
        assert not found[name].fine
        assert "cannot be reached" in found[name].found
        assert f"{name} bot" not in found


def test_a_name_that_is_never_looked_up_is_not_waited_for() -> None:
    """What does not come back in time is left alone."""
    assert "no answer" == network._tried(partial(time.sleep, 5), 0.05)


def test_a_bot_that_smsvet_serves_is_left_alone(tmp_path: Path) -> None:
    """While smsvet serve has the bots, not even --contact asks for their news or signs them in."""
    with on_telegram(tmp_path / "t") as (fake, settings):
        with stored(settings) as sql:
            outbox.lease(sql, "telegram", "desk7:home", NOW, seconds=60)
        listener = examined(settings, contact=True)["Telegram listener"]
        assert "getUpdates" not in [call.method for call in fake.calls]
    assert "desk7" in listener.found
    with on_wecom(tmp_path / "w") as (platform, _portal, settings):
        with stored(settings) as sql:
            outbox.lease(sql, "wecom", "desk7:home", NOW, seconds=60)
        assert "desk7" in examined(settings, contact=True)["WeCom bot"].found
        assert [] == platform.subscriptions


@pytest.mark.anyio
async def test_another_program_on_the_same_bot_is_noticed(tmp_path: Path) -> None:
    """Somebody else who polls is found out; alone, nobody is, and nothing is taken away."""
    async with stage(tmp_path) as room:
        assert await contested(room.account(), 1.0) is False
        async with room.listening(Recorder()):
            with anyio.fail_after(10):
                while not room.called("getUpdates")[1:]:  # noqa: ASYNC110 - at any time
                    await anyio.sleep(0.01)
            assert await contested(room.account(), 5.0) is True


def test_wecom_is_signed_in_only_on_request(tmp_path: Path) -> None:
    """Without --contact the bot is not touched; with it a good secret is taken, a bad one named."""
    with on_wecom(tmp_path / "good") as (fake, _portal, settings):
        untouched = about_wecom(settings)["WeCom bot"]
        assert (True, []) == (untouched.fine, fake.subscriptions)
        assert "--contact" in untouched.found
        assert about_wecom(settings, contact=True)["WeCom bot"].fine
        assert 1 == len(fake.subscriptions)
    with on_wecom(tmp_path / "bad", wecom_secret="not-this") as (_fake, _portal, settings):
        refused = about_wecom(settings, contact=True)["WeCom bot"]
        assert not refused.fine
        assert "not-this" not in str(refused)


def test_callback_settings_are_looked_at(tmp_path: Path) -> None:
    """A key of the wrong length, or no address to be posted to, is a problem; both right is not."""
    token = {"wecom_callback_token": "t"}
    short = settled(tmp_path, **token, wecom_callback_key="short")
    assert "43" in about_wecom(short)["WeCom callbacks"].found
    private = settled(tmp_path, **token, wecom_callback_key=KEY)
    assert "SMSVET_PUBLIC_URL" in about_wecom(private)["WeCom callbacks"].found
    nobody = f"https://127.0.0.1:{nobodys_port()}"
    public = settled(tmp_path, **token, wecom_callback_key=KEY, public_url=nobody)
    assert f"{nobody}/wecom" in about_wecom(public)["WeCom callbacks"].found


def test_a_page_in_the_open_is_a_problem(tmp_path: Path) -> None:
    """The page on loopback is fine; for the network without TLS before it, it is not."""
    assert by_name(page.examine(settled(tmp_path)))["web page"].fine
    everywhere = ".".join(4 * "0")
    assert not by_name(page.examine(settled(tmp_path, web_host=everywhere)))["web page"].fine


def test_an_address_without_tls_is_a_problem(tmp_path: Path) -> None:
    """A public address whose TLS cannot be trusted, or that does not answer, is told."""
    with on_telegram(tmp_path) as (_fake, settings):
        plain = settings.telegram.base_url if settings.telegram else ""
        secure = plain.replace("http:", "https:").removesuffix("/bot")
        found = by_name(page.examine(settled(tmp_path / "more", public_url=secure)))["web address"]
    assert not found.fine


def test_a_channel_without_people_is_a_problem(tmp_path: Path) -> None:
    """A bot to which nobody was invited answers nobody, so the command for it is told."""
    settings = settled(tmp_path, wecom_callback_token="t", wecom_callback_key=KEY)
    before = about_people(settings)["people"]
    assert not before.fine
    assert "smsvet invite" in before.advice
    with stored(settings) as sql:
        vault = Database.open(settings).vault
        code = invitations.invite(sql, vault, "Anna", roles=frozenset({"approver"}), now=NOW)
        invitations.enter(sql, vault, code, at=("wecom", "anna"), now=NOW)
    after = about_people(settings)["people"]
    assert (True, "1 known, 1 on wecom") == (after.fine, after.found)


def test_what_did_not_arrive_is_told(tmp_path: Path) -> None:
    """Whoever is unreachable, what a platform refused and what is stuck is each told."""
    settings = settled(tmp_path)
    with stored(settings) as sql:
        sql.add(Person(id=1, name="Anna", created_at=NOW))
        sql.flush()
        for chat, away in (("telegram:1", NOW), ("wecom:anna", None), ("web:1", None)):
            sql.add(
                Conversation(
                    id=chat,
                    person_id=1,
                    state={},
                    updated_at=NOW,
                    unreachable_at=away,
                    unreachable="blocked" if away else "",
                )
            )
            sql.flush()
            old = NOW - timedelta(hours=1)
            sql.add(Outbox(conversation_id=chat, body={"text": "hi"}, created_at=old))
        dead = Outbox(conversation_id="wecom:anna", body={"text": "x"}, created_at=NOW)
        dead.dead_at, dead.problem = NOW, "40058 no such thing"
        sql.add(dead)
    found = about_people(settings)
    assert "Anna on telegram" in found["unreachable"].found
    assert "blocked" in found["unreachable"].found
    assert "wecom: 40058 no such thing" == found["dead letters"].found
    assert "1 for wecom" == found["replies waiting"].found


def test_what_is_overdue_is_told(tmp_path: Path) -> None:
    """An open reminder counts as overdue once its day has passed where its person is."""
    settings = settled(tmp_path)
    today = NOW.astimezone().date()
    with stored(settings) as sql:
        sql.add(Person(id=1, name="Anna", created_at=NOW))
        sql.flush()
        for due in (today - timedelta(days=3), today + timedelta(days=3)):
            sql.add(reminder(due))
        sql.add(reminder(today - timedelta(days=9), state="done"))
    found = about_people(settings)["reminders overdue"]
    assert (False, f"1 drill of Anna, due {today - timedelta(days=3)}") == (found.fine, found.found)


def reminder(due: date, state: str = "open") -> Reminder:
    return Reminder(
        kind="drill",
        person_id=1,
        created_by=1,
        created_at=NOW,
        due_on=due.isoformat(),
        subject={},
        result={},
        state=state,
    )
