"""The people's side of the fake: say, press, upload, and see what the bot shows."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from bot.fakes.wecom.state import Body, Bubble, Callback, Chat

if TYPE_CHECKING:
    from bot.fakes.wecom.server import FakeWecom

Part = str | bytes


@dataclass
class Person:
    """Somebody in one chat. In a group everything said is addressed to the bot."""

    fake: "FakeWecom"
    user: str
    chat: Chat
    read: int = field(default=0)  # how much of what the bot shows was taken by `hears`

    async def say(self, text: str, *, quote: Bubble | None = None, msgid: str = "") -> str:
        """Text, perhaps quoting a bubble; the callback's req_id."""
        return await self._send({"msgtype": "text", "text": {"content": self._to_bot(text)}},
                                text, quote, msgid)  # fmt: skip

    async def upload(self, data: bytes, name: str = "", kind: str = "file") -> str:
        """A file, image or video. People cannot send these to a bot in a group."""
        if self.chat.group:
            raise ValueError("in a group single files do not reach the bot")
        return await self._send({"msgtype": kind, kind: self.fake.file(data, name)}, name)

    async def speak(self, text: str) -> str:
        """A voice message, which the platform has turned into text."""
        return await self._send({"msgtype": "voice", "voice": {"content": text}}, text)

    async def mix(self, *parts: Part, msgid: str = "") -> str:
        """Texts and pictures in one message."""
        items: list[Body] = []
        for number, part in enumerate(parts):
            if isinstance(part, bytes):
                items.append({"msgtype": "image", "image": self.fake.file(part, "")})
            else:
                text = self._to_bot(part) if number == 0 else part
                items.append({"msgtype": "text", "text": {"content": text}})
        body: Body = {"msgtype": "mixed", "mixed": {"msg_item": items}}
        return await self._send(body, "[mixed]", None, msgid)

    async def quote_file(self, data: bytes, name: str, text: str) -> str:
        """Quote somebody's file while speaking to the bot: how files get to it in groups."""
        quote: Body = {"msgtype": "file", "file": self.fake.file(data, name)}
        body: Body = {"msgtype": "text", "text": {"content": self._to_bot(text)}, "quote": quote}
        return await self._send(body, text)

    async def enter(self) -> str:
        """Open the chat for the first time today."""
        return await self._event({"eventtype": "enter_chat"}, Callback("visit", **self._where()))

    async def press(self, choice: str, *, flat: bool = False, bubble: Bubble | None = None) -> str:
        """Press a button, or choose an option of a vote, by its label or key."""
        card = (bubble or self.card(choice)).card or {}
        buttons = Bubble(0, "card", "", card=card).buttons
        key = buttons.get(choice, choice)
        inner: Body = {"card_type": card.get("card_type"), "task_id": card.get("task_id")}
        if card.get("card_type") == "vote_interaction":
            box, submit = card["checkbox"], card["submit_button"]
            chosen = {"question_key": box["question_key"], "option_ids": {"option_id": [key]}}
            inner |= {"event_key": submit["key"], "selected_items": {"selected_item": [chosen]}}
        else:
            inner["event_key"] = key
        where = self._where()
        callback = Callback("card", task_id=str(card.get("task_id")), **where)
        event = inner if flat else {"template_card_event": inner}
        return await self._event({"eventtype": "template_card_event", **event}, callback)

    async def rate(self) -> str:
        """Thumb up for an answer."""
        event = {"eventtype": "feedback_event", "feedback_event": {"id": "f", "type": 1}}
        return await self._event(event, Callback("feedback", **self._where()))

    def card(self, choice: str = "") -> Bubble:
        """The newest card, or the newest that offers this choice."""
        for bubble in reversed(self.chat.shown):
            offered = {*bubble.buttons, *bubble.buttons.values()}
            if bubble.kind == "card" and (not choice or choice in offered):
                return bubble
        raise LookupError(f"no card offers {choice!r}")

    async def hears(self, timeout_s: float = 5) -> Bubble:
        """The next thing the bot shows here."""
        await self.sees(lambda shown: len(shown) > self.read, timeout_s)
        self.read += 1
        return self.chat.shown[self.read - 1]

    async def sees(self, wanted: Callable[[list[Bubble]], bool], timeout_s: float = 5) -> None:
        """Wait until what the bot has shown here is as wanted."""
        with anyio.fail_after(timeout_s):
            while not wanted(self.chat.shown):
                await self.chat.news.wait()

    def _to_bot(self, text: str) -> str:
        return f"@{self.fake.bot_name} {text}" if self.chat.group else text

    def _where(self) -> Body:
        return {"chat": self.chat, "user": self.user, "at": self.fake.clock()}

    def _heads(self, msgid: str = "") -> Body:
        body: Body = {
            "msgid": msgid or secrets.token_hex(12),
            "aibotid": self.fake.bot_id,
            "chattype": "group" if self.chat.group else "single",
            "from": {"userid": self.user},
        }
        return body | ({"chatid": self.chat.id} if self.chat.group else {})

    async def _event(self, event: Body, callback: Callback) -> str:
        body = {**self._heads(), "create_time": 1700000000, "msgtype": "event", "event": event}
        return await self.fake.call_back("aibot_event_callback", body, callback)

    async def _send(
        self, body: Body, shown: str, quote: Bubble | None = None, msgid: str = ""
    ) -> str:
        self.chat.written = True
        self.chat.show(Bubble(0, "said", self.user, text=shown, at=self.fake.clock()))
        if quote is not None:
            content = quote.text or str((quote.card or {}).get("main_title", {}).get("title"))
            body = {**body, "quote": {"msgtype": "text", "text": {"content": content}}}
        callback = Callback("message", **self._where())
        return await self.fake.call_back(
            "aibot_msg_callback", {**self._heads(msgid), **body}, callback
        )
