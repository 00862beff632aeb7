"""The Bot API fake is as strict as Telegram, plays the people by HTTP, and is judged itself."""

import base64
import json
import signal
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from bot.fakes.telegram import Fake, people, serve
from tests.conftest import ROOT
from tests.integration.telegram_stage import ANNA, BO, Judge, stage

pytestmark = pytest.mark.anyio


async def ask(url: str, method: str, /, **values: Any) -> Any:
    """What the Bot API answers."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{url}/{method}", json=values)
    told = answer.json()
    assert told["ok"] is (answer.status_code == 200)
    return told["result"] if told["ok"] else (told["error_code"], told["description"])


def keyboard(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "A", **button}]]}


REFUSED = [
    ("sendMessage", {"text": "x"}, "Bad Request: chat_id is empty"),
    ("sendMessage", {"chat_id": 9, "text": "x"}, "Bad Request: chat not found"),
    ("sendMessage", {"chat_id": ANNA, "text": " \n"}, "Bad Request: message text is empty"),
    ("sendMessage", {"chat_id": ANNA, "text": "🙂" * 2049}, "Bad Request: message is too long"),
    (
        "sendMessage",
        {"chat_id": ANNA, "text": "<x>", "parse_mode": "HTML"},
        'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0',
    ),
    (
        "sendMessage",
        {"chat_id": ANNA, "text": "a <b>c", "parse_mode": "HTML"},
        "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    ),
    (
        "sendMessage",
        {"chat_id": ANNA, "text": "x", "reply_markup": keyboard(callback_data="是" * 22)},
        "Bad Request: BUTTON_DATA_INVALID",
    ),
    (
        "sendMessage",
        {"chat_id": ANNA, "text": "x", "reply_parameters": {"message_id": 99}},
        "Bad Request: message to be replied not found",
    ),
    (
        "editMessageText",
        {"chat_id": ANNA, "message_id": 99, "text": "x"},
        "Bad Request: message to edit not found",
    ),
    (
        "editMessageText",
        {"chat_id": ANNA, "message_id": 1, "text": "x"},
        "Bad Request: message can't be edited",
    ),
    (
        "answerCallbackQuery",
        {"callback_query_id": "1"},
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
    ),
    (
        "getFile",
        {"file_id": "x"},
        "Bad Request: wrong file_id or the file is temporarily unavailable",
    ),
    (
        "sendMediaGroup",
        {"chat_id": ANNA, "media": []},
        "Bad Request: wrong number of items in the album: it must be 2-10",
    ),
    (
        "setWebhook",
        {"url": "http://example.org"},
        "Bad Request: bad webhook: An HTTPS URL must be provided for webhook",
    ),
    (
        "setMyCommands",
        {"commands": [{"command": "Bad!", "description": "x"}]},
        "Bad Request: BOT_COMMAND_INVALID",
    ),
    (
        "deleteMessage",
        {"chat_id": ANNA, "message_id": 99},
        "Bad Request: message to delete not found",
    ),
]


async def test_what_telegram_refuses_is_refused_in_its_words() -> None:
    """Codes and texts as they are known."""
    fake = Fake()
    async with serve(fake) as url:
        people.say(fake, ANNA, "hello")
        api = f"{url}/bot{fake.token}"
        for method, values, words in REFUSED:
            assert (400, words) == await ask(api, method, **values)
        fake.person(BO)
        started = (403, "Forbidden: bot can't initiate conversation with a user")
        assert started == await ask(api, "sendMessage", chat_id=BO, text="x")
        assert 401 == (await ask(f"{url}/bot1:wrong", "getMe"))[0]
        assert 404 == (await ask(api, "sendPigeon"))[0]


async def test_an_edit_that_changes_nothing_is_refused() -> None:
    """The keyboard counts as well as the text."""
    fake = Fake()
    async with serve(fake) as url:
        people.say(fake, ANNA, "hello")
        api, markup = f"{url}/bot{fake.token}", keyboard(callback_data="a")
        sent = await ask(api, "sendMessage", chat_id=ANNA, text="x", reply_markup=markup)
        at = {"chat_id": ANNA, "message_id": sent["message_id"]}
        same = await ask(api, "editMessageText", **at, text="x", reply_markup=markup)
        assert same[1].startswith("Bad Request: message is not modified")
        changed = await ask(api, "editMessageReplyMarkup", **at)
        assert "reply_markup" not in changed
        again = await ask(api, "editMessageReplyMarkup", **at)
        assert again[1].startswith("Bad Request: message is not modified")


async def test_updates_wait_until_they_are_confirmed() -> None:
    """An offset forgets what is before it; kinds that nobody wants are not kept."""
    fake = Fake()
    async with serve(fake) as url:
        api = f"{url}/bot{fake.token}"
        first = people.say(fake, ANNA, "one")
        people.say(fake, ANNA, "two")
        one, two = await ask(api, "getUpdates", limit=5)
        assert 1 == len(await ask(api, "getUpdates", limit=1))
        assert [two] == await ask(api, "getUpdates", offset=two["update_id"])
        assert [two] == await ask(api, "getUpdates", offset=one["update_id"])
        allowed = ["message"]
        last = two["update_id"] + 1
        assert [] == await ask(api, "getUpdates", offset=last, allowed_updates=allowed)
        people.edit(fake, ANNA, first["message_id"], "uno")
        assert [] == await ask(api, "getUpdates", offset=last)


async def test_everything_can_be_played_by_http() -> None:
    """A program in any language plays a person: speaks, sends a file, presses, looks."""
    fake = Fake()
    async with serve(fake) as url:
        api, side = f"{url}/bot{fake.token}", f"{url}/sim"
        async with httpx.AsyncClient(trust_env=False) as client:

            async def deed(name: str, /, **body: Any) -> Any:
                answer = await client.post(f"{side}/{name}", json=body)
                return answer.json()

            await deed("person", user=ANNA, name="Anna")
            await deed("say", chat=ANNA, text="hello")
            data = base64.b64encode(b"evidence").decode()
            await deed("upload", chat=ANNA, name="a.txt", data=data)
            markup = keyboard(callback_data="a")
            await ask(api, "sendMessage", chat_id=ANNA, text="x", reply_markup=markup)
            query = (await deed("press", chat=ANNA, button="A"))["query"]
            assert await ask(api, "answerCallbackQuery", callback_query_id=query, text="ok")
            await deed("fault", kind="flood", method="sendMessage", seconds=5)
            flood = (429, "Too Many Requests: retry after 5")
            assert flood == await ask(api, "sendMessage", chat_id=ANNA, text="x")
            assert "error" in await deed("fault", kind="earthquake")
            assert "error" in await deed("press", chat=ANNA, button="B")
            await deed("block", chat=ANNA)
            shown = (await client.get(f"{side}/transcript", params={"chat": ANNA})).json()
            queries = (await client.get(f"{side}/queries")).json()
            waiting = (await client.get(f"{side}/waiting")).json()
        assert ["hello", None, "x"] == [one.get("text") for one in shown]
        assert "ok" == queries[0]["answered"]["text"]
        kinds = [next(key for key in one if key != "update_id") for one in waiting]
        assert ["message", "message", "callback_query", "my_chat_member"] == kinds


async def test_the_judge_notices(tmp_path: Path) -> None:
    """Unknown parameters, wrong types, missing and unknown fields do not pass."""
    judge = Judge()
    judge.request("sendMessage", {"chat_id": "1", "text": "x"})
    assert [] == judge.noted
    judge.request("sendMessage", {"chat_id": "1", "text": "x", "colour": "red"})
    judge.request("sendMessage", {"chat_id": "1"})
    judge.object("message", {"message_id": 1, "date": 1})
    chat = {"id": 1, "type": "private"}
    judge.object("message", {"message_id": 1, "date": 1, "chat": {**chat, "colour": "red"}})
    assert 4 == len(judge.noted)
    async with stage(tmp_path) as on:
        people.say(on.fake, ANNA, "/start @anna https://example.org")
        people.upload(on.fake, ANNA, b"x", kind="video", caption="@anna")


async def test_the_fake_is_a_program_too() -> None:
    """It says where it listens; anybody may speak with it."""
    words = [sys.executable, "-m", "bot.fakes.telegram"]
    async with await anyio.open_process(words, cwd=ROOT, stderr=None) as program:
        assert program.stdout is not None
        with anyio.fail_after(20):
            told = json.loads(await program.stdout.receive())
        me = await ask(f"{told['base_url']}{told['token']}", "getMe")
        program.send_signal(signal.SIGINT)
        with anyio.move_on_after(20):
            await program.wait()
        if program.returncode is None:  # leaving the block would wait for it for ever
            program.kill()
        assert ("smsvet_bot", 0) == (me["username"], program.returncode)
