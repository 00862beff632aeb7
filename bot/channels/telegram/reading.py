"""What an update of Telegram's means to us. Pure.

In a group only what is addressed to the bot counts, also where it may hear everything (privacy mode
off): a message that begins with a command, a mention, a reply to one of its messages, a pressed
button, and the other pictures of an album whose caption was.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from telegram import CallbackQuery, Chat, ChatMemberUpdated, MessageEntity, Update, User
from telegram import Message as Post

from bot.messages import Message, Peer

NAME = "telegram"
AWAY = frozenset({"left", "kicked"})
GROUPS = frozenset({"group", "supergroup"})
ALBUMS = 200  # whose being addressed is remembered


@dataclass(frozen=True)
class Attachment:
    """A file that waits at Telegram: its size in octets, 0 where it is not told."""

    id: str
    name: str
    size: int


@dataclass(frozen=True)
class Said:
    """A message for the bot; its file is still to be fetched."""

    peer: Peer
    message: Message
    file: Attachment | None = None


@dataclass(frozen=True)
class Pressed:
    """A button was pressed."""

    peer: Peer
    message: Message
    query: CallbackQuery


@dataclass(frozen=True)
class Arrived:
    """The bot may (again) write in this chat."""

    peer: Peer


@dataclass(frozen=True)
class Moved:
    """A group became a supergroup and with that got another id."""

    old: str
    new: str


Event = Said | Pressed | Arrived | Moved


@dataclass
class Reader:
    """Reads the updates for the bot with this id and user name."""

    id: int
    username: str
    _albums: OrderedDict[tuple[int, str], None] = field(default_factory=OrderedDict)

    def read(self, update: Update) -> Event | None:
        """What the update means; None: it is no business of ours."""
        if update.callback_query is not None:
            return _pressed(update.callback_query)
        if update.my_chat_member is not None:
            return _arrived(update.my_chat_member)
        post = update.message or update.edited_message
        return None if post is None else self._posted(post)

    def _posted(self, post: Post) -> Event | None:
        if post.migrate_to_chat_id:
            return Moved(str(post.chat.id), str(post.migrate_to_chat_id))
        if post.migrate_from_chat_id:
            return Moved(str(post.migrate_from_chat_id), str(post.chat.id))
        author = post.from_user
        if author is None or author.is_bot or post.sender_chat is not None:
            return None  # nobody in particular: an anonymous administrator, a channel's post
        file, strange = _attachment(post), _strange(post)
        text, addressed = self._text(post)
        if not (text or file or strange or addressed) or not self._ours(post, addressed):
            return None
        edited = f":e{int(post.edit_date.timestamp())}" if post.edit_date else ""
        about = post.message_id if edited else self._about(post)
        message = Message(
            f"{post.message_id}{edited}",
            text,
            about=str(about or ""),
            trouble="kind" if strange else "",
        )
        return Said(_peer(post.chat, author), message, file)

    def _ours(self, post: Post, addressed: bool) -> bool:
        if post.chat.type not in GROUPS:
            return True
        album = (post.chat.id, post.media_group_id or "")
        ours = addressed or self._about(post) is not None
        if not post.media_group_id:
            return ours
        if ours:
            self._albums[album] = None
            if len(self._albums) > ALBUMS:
                self._albums.popitem(last=False)
        return album in self._albums

    def _about(self, post: Post) -> int | None:
        """The message replied to, if it is one of ours or the chat is between two."""
        replied = post.reply_to_message
        if replied is None or replied.forum_topic_created is not None:  # what opened the topic
            return None
        by_us = replied.from_user is not None and replied.from_user.id == self.id
        return replied.message_id if by_us or post.chat.type not in GROUPS else None

    def _text(self, post: Post) -> tuple[str, bool]:
        """The text without what only addresses the bot, and whether something does."""
        text = post.text or post.caption or ""
        raw = text.encode("utf-16-le")  # entities count in UTF-16
        kept, at, addressed = list[str](), 0, False
        for entity in sorted(post.entities or post.caption_entities, key=lambda one: one.offset):
            start, end = entity.offset * 2, (entity.offset + entity.length) * 2
            words = raw[start:end].decode("utf-16-le", "ignore")
            leads = not (raw[at:start].strip(b" \n\0") or "".join(kept).strip())
            rest = self._addressing(entity, words, leads=leads)
            if rest is None or start < at:
                continue
            kept += [raw[at:start].decode("utf-16-le", "ignore"), rest]
            at, addressed = end, True
        kept.append(raw[at:].decode("utf-16-le", "ignore"))
        return "".join(kept).strip(), addressed

    def _addressing(self, entity: MessageEntity, words: str, *, leads: bool) -> str | None:
        """What is left of an entity that addresses us; None: it does not.

        To Telegram every /word is a command, a path in the middle of a sentence as well: without
        our name behind it only one that `leads` the message is meant.
        """
        if entity.type == "bot_command":
            command, _, whose = words.partition("@")
            ours = whose.lower() == self.username.lower() if whose else leads
            return command if ours else None
        if entity.type == "mention":
            return "" if words[1:].lower() == self.username.lower() else None
        if entity.type == "text_mention":
            return "" if entity.user is not None and entity.user.id == self.id else None
        return None


def _pressed(query: CallbackQuery) -> Pressed | None:
    if query.message is None or not isinstance(query.data, str):
        return None
    peer = _peer(query.message.chat, query.from_user)
    about = str(query.message.message_id)
    return Pressed(peer, Message(f"q{query.id}", action=query.data, about=about), query)


def _arrived(change: ChatMemberUpdated) -> Arrived | None:
    before, after = change.old_chat_member.status, change.new_chat_member.status
    if before not in AWAY or after in AWAY or change.from_user.is_bot:
        return None
    return Arrived(_peer(change.chat, change.from_user))


def _peer(chat: Chat, user: User) -> Peer:
    return Peer(NAME, str(chat.id), str(user.id), user.full_name, chat.type in GROUPS)


def _attachment(post: Post) -> Attachment | None:
    if post.photo:
        best = max(post.photo, key=lambda size: size.width * size.height)
        return Attachment(best.file_id, f"photo-{post.message_id}.jpg", best.file_size or 0)
    named = post.document or post.audio or post.video
    if named is not None:
        kind = "audio.mp3" if post.audio else "video.mp4" if post.video else "document"
        return Attachment(named.file_id, named.file_name or kind, named.file_size or 0)
    spoken, seen = post.voice, post.video_note
    if spoken is not None:
        return Attachment(spoken.file_id, f"voice-{post.message_id}.ogg", spoken.file_size or 0)
    if seen is not None:
        return Attachment(seen.file_id, f"video-{post.message_id}.mp4", seen.file_size or 0)
    return None


def _strange(post: Post) -> bool:
    """Whether somebody sent something on purpose that we have no use for."""
    return any((post.sticker, post.contact, post.location, post.poll, post.dice, post.story))
