"""`smsvet ask`: one question to the guidance."""

import argparse

from bot.errors import UserError

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
    from bot import app

    if options.unanswered:
        return app.unanswered(as_json=options.json)
    if options.question is None:
        raise UserError("Ask something, or give --unanswered.")
    return app.ask(options.question, options.language, as_json=options.json)
