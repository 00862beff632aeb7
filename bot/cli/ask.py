"""`smsvet ask`: one question to the guidance."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.errors import UserError

if TYPE_CHECKING:
    from bot.settings import Settings
    from knowledge.answer import Answer, Guidance
    from knowledge.phrasing import Phrased

    Asking = Guidance | Phrased

HELP = "ask the guidance; - reads one question per line and prints one JSON document per line"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "question", metavar="QUESTION", nargs="?", help="the question, or - for many"
    )
    parser.add_argument(
        "--unanswered", action="store_true", help="list what the guidance had no answer to"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--language", choices=["zh", "en"], default="zh")


def run(options: argparse.Namespace) -> int:
    from bot import settings

    loaded = settings.load()
    if options.unanswered:
        return _unanswered(loaded, as_json=options.json)
    if options.question is None:
        raise UserError("Ask something, or give --unanswered.")
    lines = sys.stdin if options.question == "-" else [options.question]
    with _guidance(loaded) as asked:
        for line in filter(None, map(str.strip, lines)):
            answer = asked.ask(line, options.language)
            sys.stdout.write(_written(answer, options) + "\n")
            sys.stdout.flush()
    return 0


@contextmanager
def _guidance(settings: "Settings") -> "Iterator[Asking]":
    """Outside any conversation, and without what one needs: the first answer is soon there."""
    from bot import language_model, logs
    from bot.settings import CONTENT
    from knowledge.answer import Guidance
    from knowledge.phrasing import Phrased

    logs.to(settings.home / "smsvet.log")
    state, model = settings.home / "guidance", settings.embedding_model
    speaker, _ = language_model.opened(settings)
    with closing(Guidance.open(CONTENT, state, model, chroma=settings.chroma_url)) as guidance:
        if speaker is None:
            yield guidance
            return
        speaker.load()  # on nobody's time: what is asked first has all of its seconds
        yield Phrased(guidance, speaker)


def _written(answer: "Answer", options: argparse.Namespace) -> str:
    from knowledge.answer import render, to_json

    many = options.question == "-"
    if many or options.json:
        return json.dumps(to_json(answer), ensure_ascii=False, indent=None if many else 2)
    return render(answer, options.language)


def _unanswered(settings: "Settings", *, as_json: bool) -> int:
    """What people asked in chats and the guidance did not say, most often asked first."""
    from bot import unanswered

    rows = unanswered.read(settings.home / "guidance")
    text = json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2) + "\n"
    sys.stdout.write(text if as_json else unanswered.listing(rows))
    return 0
