"""Play a person against a bot: `python -m bot.fakes.wecom [PORT]`; what to type is told.

Point the bot at the printed address with the printed id and secret.
"""

import sys

import anyio
from anyio.to_thread import run_sync

from bot.fakes.wecom.person import Person
from bot.fakes.wecom.server import FakeWecom, fake_wecom
from bot.fakes.wecom.state import Bubble

HELP = """Type a message. Or: a button's number with a dot (1.) to press it; /file PATH;
/image PATH; /enter (open the chat); /user NAME; /group NAME (/group alone: leave);
/close, /half (half-alive), /mute (no heartbeats answered); an empty line ends."""


def shown(bubble: Bubble) -> str:
    """One of the bot's messages as lines."""
    card = bubble.card or {}
    heads = [card.get("main_title", {}).get("title"), card.get("main_title", {}).get("desc")]
    lines = [bubble.text, *heads, card.get("sub_title_text")]
    lines += [f"  {n}. {label}" for n, label in enumerate(bubble.buttons, start=1)]
    if bubble.name:
        lines.append(f"[{bubble.kind} {bubble.name}, {len(bubble.data)} bytes]")
    return "\n".join(f"  | {line}" for line in lines if line)


async def watch(fake: FakeWecom) -> None:
    """Print what the bot shows, and cards again when they change."""
    seen: dict[int, str] = {}
    while True:
        for chat in list(fake.platform.chats.values()):
            for bubble in chat.shown:
                text = shown(bubble)
                if seen.get(bubble.number) != text:
                    seen[bubble.number] = text
                    print(f"{chat.id}:\n{text}", flush=True)
        await anyio.sleep(0.1)


async def obey(fake: FakeWecom, person: Person, line: str) -> Person:
    """Do what was typed; who types next."""
    word, _, rest = line.partition(" ")
    if word == "/user":
        return fake.person(rest or "alice")
    if word == "/group":
        return fake.person(person.user, rest)
    if word in {"/file", "/image"}:
        path = await anyio.Path(rest).expanduser()
        await person.upload(await path.read_bytes(), path.name, word[1:])
    elif word == "/enter":
        await person.enter()
    elif word == "/close":
        await fake.close()
    elif word in {"/half", "/mute"}:
        fake.faults.half_alive |= word == "/half"
        fake.faults.mute_pings |= word == "/mute"
    elif line.endswith(".") and line[:-1].isdigit():
        await person.press(list(person.card().buttons)[int(line[:-1]) - 1])
    else:
        await person.say(line)
    return person


async def play(port: int) -> None:
    async with fake_wecom(port=port) as fake, anyio.create_task_group() as tasks:
        print(f"url {fake.url}  bot {fake.bot_id}  secret {fake.secret}\n{HELP}", flush=True)
        tasks.start_soon(watch, fake)
        person = fake.person("alice")
        while line := (await run_sync(sys.stdin.readline, abandon_on_cancel=True)).strip():
            try:
                person = await obey(fake, person, line)
            except (LookupError, OSError, ValueError) as error:
                print(f"  ! {error}", flush=True)
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(play, int(sys.argv[1]) if len(sys.argv) > 1 else 0)
