"""`smsvet report`: a vendor's scorecard as a file."""

import argparse

HELP = "write a vendor's scorecard"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vendor", metavar="VENDOR", help="its name or number as in the chat's list")
    parser.add_argument("--format", choices=["html", "json"], default="html")
    parser.add_argument("--language", choices=["zh", "en"], default="zh")
    parser.add_argument("-o", "--output", metavar="FILE", help="default: standard output")


def run(options: argparse.Namespace) -> int:
    from bot import app

    return app.report(options)
