"""`smsvet panel`: the listed numbers, the only ones ever texted, and the phones that show texts."""

import argparse

HELP = "list or add consenting test numbers, and the phones that show what arrives"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="how many numbers per carrier; the numbers stay masked")
    add = actions.add_parser("add", help="add numbers from a CSV file")
    add.add_argument(
        "file",
        metavar="FILE.csv",
        help="number,carrier,owner,consent,consented_on[,ported,region,country,announced,dead]",
    )
    add.add_argument(
        "--anew", action="store_true", help="list retired numbers whose owners agreed anew"
    )
    retire = actions.add_parser("retire", help="never text this number again")
    retire.add_argument("number", metavar="NUMBER")
    _phone(actions.add_parser("phone", help="real phones that say what they received"))


def _phone(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="phone", required=True, metavar="ACTION")
    actions.add_parser("list", help="each phone: when last heard of, how far its clock is off")
    add = actions.add_parser("add", help="put a phone on the panel; prints once what to enter")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--number", required=True, help="a listed number: the SIM in it")
    add.add_argument(
        "--kind", required=True, choices=["smsforwarder", "android-sms-gateway", "person"]
    )
    add.add_argument("--person", metavar="NAME", help="who types the codes, as known in the chat")
    add.add_argument(
        "--every", type=int, default=60, metavar="SECONDS", help="how often it is to give a beat"
    )
    add.add_argument(
        "--address", metavar="URL", help="the app's own server, so that its inbox can be asked"
    )
    add.add_argument("--login", default="", metavar="NAME", help="user name of that server")
    add.add_argument("--language", choices=["zh", "en"], default="zh")
    retire = actions.add_parser("retire", help="take nothing more from this phone")
    retire.add_argument("name", metavar="NAME")
    control = actions.add_parser("control", help="a code to send to the phone by hand, and whether "
                                 "it came")  # fmt: skip
    control.add_argument("name", metavar="NAME")
    control.add_argument("--language", choices=["zh", "en"], default="zh")
    reread = actions.add_parser("reread", help="look through the phone's inbox now")
    reread.add_argument("name", metavar="NAME")


def run(options: argparse.Namespace) -> int:
    if options.action == "phone":
        from bot import phones

        return phones.run(options)
    from bot import numbers

    return numbers.run(options)
