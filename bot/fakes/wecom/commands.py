"""What the platform does with each command of a bot: a code and perhaps a body. No sockets."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterator

from bot.fakes.wecom import rules
from bot.fakes.wecom.state import (
    Body,
    Bubble,
    Callback,
    Chat,
    Clock,
    Codes,
    Limits,
    Stored,
    Upload,
    budget,
)  # fmt: skip

Answer = tuple[int, str, Body]
OK: Answer = (0, "ok", {})
MEDIA = ("file", "image", "voice", "video")
CHUNK, CHUNKS = 512 * 1024, 100


class Platform:
    """One bot's chats and open callbacks, and what its commands change in them."""

    def __init__(self, limits: Limits, clock: Clock, numbers: Iterator[int]) -> None:
        self.limits, self.clock, self.numbers = limits, clock, numbers
        self.chats: dict[str, Chat] = {}
        self.callbacks: dict[str, Callback] = {}
        self.tasks: dict[str, Bubble] = {}  # cards by task id
        self.uploads: dict[str, Upload] = {}
        self.media: dict[str, Upload] = {}
        self.files: dict[str, Stored] = {}
        self.pushed: list[Body] = []  # every aibot_send_msg that was taken

    def chat(self, chat_id: str, *, group: bool = False) -> Chat:
        if chat_id not in self.chats:
            self.chats[chat_id] = Chat(chat_id, group)
        return self.chats[chat_id]

    def do(self, cmd: str, req_id: str, body: Body) -> Answer:
        """Carry out one command."""
        known = {
            "aibot_respond_msg": self._respond,
            "aibot_respond_welcome_msg": self._welcome,
            "aibot_respond_update_msg": self._update,
            "aibot_send_msg": self._send,
            "aibot_upload_media_init": self._begin,
            "aibot_upload_media_chunk": self._chunk,
            "aibot_upload_media_finish": self._finish,
        }
        handler = known.get(cmd)
        return handler(req_id, body) if handler else (Codes.NO_COMMAND, f"no command {cmd}", {})

    # Answers to callbacks

    def _respond(self, req_id: str, body: Body) -> Answer:
        callback = self.callbacks.get(req_id)
        if callback is None or callback.kind != "message":
            return Codes.BAD_REQ_ID, "invalid req_id", {}
        now = self.clock()
        if now - callback.at > self.limits.reply_s:
            return Codes.WINDOW_OVER, "reply window is over", {}
        if callback.begun and now - callback.begun > self.limits.stream_s:
            return Codes.STREAM_OVER, "stream message expired", {}
        kind = str(body.get("msgtype"))
        if kind in {"stream", "stream_with_template_card"}:
            return self._stream(callback, body)
        if kind not in {"template_card", *MEDIA}:
            return Codes.BAD_TYPE, f"msgtype {kind}", {}
        return self._once(callback) or self._shown(callback.chat, body, pushed=False)

    def _once(self, callback: Callback) -> Answer | None:
        if callback.answers >= self.limits.answers:
            return Codes.BAD_REQ_ID, "answered already", {}
        callback.answers += 1
        return None

    def _stream(self, callback: Callback, body: Body) -> Answer:
        stream, card = body.get("stream") or {}, body.get("template_card")
        stream_id, content = str(stream.get("id") or ""), str(stream.get("content") or "")
        wrong = "" if card is None else rules.problem(card) or self._task_problem(card)
        if not stream_id or len(content.encode()) > self.limits.content or wrong:
            return Codes.BAD_PARAMETER, wrong or "stream", {}
        if stream_id in callback.finished:
            return Codes.CONFLICT, "stream is finished", {}
        bubble = callback.streams.get(stream_id)
        if bubble is None:
            if refused := self._once(callback):
                return refused
            callback.begun = callback.begun or self.clock()
            bubble = self._bubble("stream", stream_id=stream_id)
            callback.streams[stream_id] = callback.chat.show(bubble)
        bubble.text = content
        if stream.get("finish"):
            callback.finished.add(stream_id)
        if card is not None and not callback.card_sent:
            callback.card_sent = True
            self._shown(callback.chat, {**body, "msgtype": "template_card"}, pushed=False)
        callback.chat.stir()
        return OK

    def _welcome(self, req_id: str, body: Body) -> Answer:
        callback = self.callbacks.get(req_id)
        if callback is None or callback.kind != "visit":
            return Codes.BAD_REQ_ID, "invalid req_id", {}
        if self.clock() - callback.at > self.limits.quick_s:
            return Codes.WINDOW_OVER, "welcome window is over", {}
        if body.get("msgtype") not in {"text", "template_card"}:
            return Codes.BAD_TYPE, f"msgtype {body.get('msgtype')}", {}
        if callback.answers:
            return Codes.BAD_REQ_ID, "welcomed already", {}
        callback.answers += 1
        return self._shown(callback.chat, body, pushed=False)

    def _update(self, req_id: str, body: Body) -> Answer:
        callback = self.callbacks.get(req_id)
        if callback is None or callback.kind != "card":
            return Codes.BAD_REQ_ID, "invalid req_id", {}
        if self.clock() - callback.at > self.limits.quick_s:
            return Codes.WINDOW_OVER, "card update window is over", {}
        card = body.get("template_card")
        wrong = rules.problem(card)
        if body.get("response_type") != "update_template_card" or not isinstance(card, dict):
            wrong = wrong or "response_type"
        elif card.get("task_id") != callback.task_id:
            wrong = wrong or "task_id is another one"
        if wrong or not isinstance(card, dict):
            return Codes.BAD_PARAMETER, wrong, {}
        if callback.answers:
            return Codes.BAD_REQ_ID, "updated already", {}
        callback.answers += 1
        if bubble := self.tasks.get(callback.task_id):
            bubble.card = card
        callback.chat.stir()
        return OK

    # Pushes

    def _send(self, req_id: str, body: Body) -> Answer:
        chat = self.chats.get(str(body.get("chatid")))
        if chat is None or not chat.written:
            return Codes.NEVER_WROTE, "nobody has written in this chat", {}
        kind = body.get("msgtype")
        if kind not in {"markdown", "template_card", *MEDIA}:
            return Codes.BAD_TYPE, f"invalid message type {kind}", {}
        allowed = ((self.limits.per_minute, 60.0), (self.limits.per_hour, 3600.0))
        if not budget(chat.pushes, self.clock(), allowed):
            return Codes.RATE, "api freq out of limit", {}
        answer = self._shown(chat, body, pushed=True)
        if answer is OK:
            self.pushed.append({"req_id": req_id, **body})
        return answer

    def _shown(self, chat: Chat, body: Body, *, pushed: bool) -> Answer:
        kind = str(body["msgtype"])
        part = body.get(kind) or {}
        if kind == "template_card":
            wrong = rules.problem(part) or self._task_problem(part)
            if wrong:
                return Codes.BAD_PARAMETER, wrong, {}
            self.tasks[str(part.get("task_id"))] = chat.show(
                self._bubble("card", card=part, pushed=pushed)
            )
            return OK
        if kind in MEDIA:
            upload = self.media.get(str(part.get("media_id")))
            if upload is None or upload.kind != kind:
                return Codes.BAD_MEDIA, "invalid media_id", {}
            data = b"".join(upload.parts[index] for index in range(upload.chunks))
            chat.show(self._bubble(kind, name=upload.name, data=data, pushed=pushed))
            return OK
        content = str(part.get("content") or "")
        if not content.strip() or len(content.encode()) > self.limits.content:
            return Codes.BAD_PARAMETER, "content", {}
        chat.show(self._bubble(kind, text=content, pushed=pushed))
        return OK

    def say(self, chat: Chat, body: Body) -> Answer:
        """Show a Markdown text or a card, whatever allowed it."""
        return self._shown(chat, body, pushed=False)

    def _bubble(self, kind: str, **more: object) -> Bubble:
        return Bubble(next(self.numbers), kind, "", at=self.clock(), **more)  # type: ignore[arg-type]

    def _task_problem(self, card: Body) -> str:
        return "task_id was used before" if str(card.get("task_id")) in self.tasks else ""

    # Uploads

    def _begin(self, req_id: str, body: Body) -> Answer:
        kind, size, chunks = body.get("type"), body.get("total_size"), body.get("total_chunks")
        if kind not in MEDIA or not isinstance(size, int) or not isinstance(chunks, int):
            return Codes.BAD_PARAMETER, "type, total_size or total_chunks", {}
        if not 0 < size <= self.limits.sizes[kind] or not 1 <= chunks <= CHUNKS:
            return Codes.TOO_LARGE, "size", {}
        upload_id = secrets.token_hex(8)
        name, md5 = str(body.get("filename") or ""), str(body.get("md5") or "")
        if not name or len(name.encode()) > 256:
            return Codes.BAD_PARAMETER, "filename", {}
        self.uploads[upload_id] = Upload(kind, name, size, chunks, md5)
        return 0, "ok", {"upload_id": upload_id}

    def _chunk(self, req_id: str, body: Body) -> Answer:
        upload = self.uploads.get(str(body.get("upload_id")))
        index = body.get("chunk_index")
        if upload is None or not isinstance(index, int) or not 0 <= index < upload.chunks:
            return Codes.BAD_PARAMETER, "upload_id or chunk_index", {}
        try:
            data = base64.b64decode(str(body.get("base64_data")), validate=True)
        except binascii.Error:
            return Codes.BAD_PARAMETER, "base64_data", {}
        if not 0 < len(data) <= CHUNK:
            return Codes.TOO_LARGE, "chunk", {}
        upload.parts[index] = data
        return OK

    def _finish(self, req_id: str, body: Body) -> Answer:
        upload = self.uploads.pop(str(body.get("upload_id")), None)
        if upload is None or len(upload.parts) != upload.chunks:
            return Codes.BAD_MEDIA, "chunks are missing", {}
        data = b"".join(upload.parts[index] for index in range(upload.chunks))
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if len(data) != upload.size or digest != upload.md5:
            return Codes.BAD_MEDIA, "size or md5", {}
        media_id = f"media_{secrets.token_hex(8)}"
        self.media[media_id] = upload
        return 0, "ok", {"type": upload.kind, "media_id": media_id, "created_at": "1700000000"}
