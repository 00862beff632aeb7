"""The application behind the web page on a database server, without a browser."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.channels.web.desk import Seen, Visitor
from bot.messages import Message
from bot.store import chats
from bot.webdesk import WebDesk
from tests.integration.front_stage import Office, opened


async def visit(office: Office, name: str) -> tuple[WebDesk, Visitor]:
    """Somebody who has just signed in and opened the page."""
    desk = WebDesk(office.built.assistant, office.desk, office.built.progress)
    visitor = await desk.visitor(await desk.sign_in(office.invite(name, "business"), ""))
    assert visitor is not None
    await desk.opened(visitor)
    return desk, visitor


@pytest.mark.anyio
async def test_a_conversation_on_postgresql(home: Path, postgres: str) -> None:
    """Signing in, talking, pressing buttons and acknowledging work there just the same."""
    with opened(home, postgres) as office:
        desk, visitor = await visit(office, "web on a server")
        await desk.say(visitor, Message("a", text="某通信"))
        found = await desk.news(visitor, Seen())
        token = found["lines"][-1]["buttons"][0][1]
        await desk.say(visitor, Message("b", action=token))
        await desk.say(visitor, Message("b", action=token))
        found = await desk.news(visitor, Seen())
        assert ["某通信", "完整评估"] == [one["text"] for one in found["lines"] if one["mine"]]
        seen = Seen(
            tuple(map(int, found["after"].split("."))),
            tuple(one["reply"] for one in found["lines"] if not one["mine"]),
            found["state"],
        )
        with office.database.write() as sql:
            body = {"text": "late", "buttons": [], "file": "", "numbered": True}
            chats.queue(sql, f"web:{visitor.id}", body, datetime.now(UTC))
        found = await desk.news(visitor, seen)
        assert ["late"] == [one["text"] for one in found["lines"]]


@pytest.mark.anyio
async def test_only_the_end_of_a_long_conversation_is_shown(home: Path) -> None:
    """Of a conversation of months the newest lines come, questions together with answers."""
    with opened(home) as office:
        desk, visitor = await visit(office, "Talkative")
        with office.database.write() as sql:
            for number in range(500):
                body = {"text": f"{number}", "buttons": [], "file": "", "numbered": True}
                chats.queue(sql, f"web:{visitor.id}", body, datetime.now(UTC))
        found = await desk.news(visitor, Seen())
        assert [f"{number}" for number in range(100, 500)] == [
            line["text"] for line in found["lines"]
        ]


@pytest.mark.anyio
async def test_opening_the_page_says_where_things_stand_once(home: Path) -> None:
    """A reload adds nothing; after a talk elsewhere the page says where that got to."""
    with opened(home) as office:
        desk, visitor = await visit(office, "Mover")
        await desk.opened(visitor)
        assert 1 == len((await desk.news(visitor, Seen()))["lines"])
        phone = await office.enter("Mover", "business", user="u7")
        await office.desk.receive(phone, Message("1", text="/预筛 某通信"))
        await desk.opened(visitor)
        assert "接着上次" in (await desk.news(visitor, Seen()))["lines"][1]["text"]
        screen = (await desk.news(visitor, Seen(call=True)))["call"]
        assert "某通信" == screen["vendor"]
