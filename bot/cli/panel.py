"""`smsvet panel`: the listed numbers, the only ones ever texted."""

import argparse

HELP = "list or add consenting test numbers"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="how many numbers per carrier; the numbers stay masked")
    add = actions.add_parser("add", help="add numbers from a CSV file")
    add.add_argument("file", metavar="FILE.csv", help="number,carrier,owner,consent,consented_on")
    retire = actions.add_parser("retire", help="never text this number again")
    retire.add_argument("number", metavar="NUMBER")


def run(options: argparse.Namespace) -> int:
    from bot import numbers

    return numbers.run(options)
