"""`smsvet vendor`: how a vendor is reached."""

import argparse

HELP = "add or list connections to vendors"
PROTOCOLS = ("smpp", "cmpp", "sgip", "smgp")


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="list the connections; secrets are not shown")
    add = actions.add_parser("add", help="add a connection; the password is asked for")
    add.add_argument("name", metavar="NAME")
    where = add.add_mutually_exclusive_group(required=True)
    for protocol in PROTOCOLS:
        where.add_argument(f"--{protocol}", metavar="HOST:PORT")
    where.add_argument("--http", metavar="VENDOR", help="an HTTP interface, as in data/vendors")
    add.add_argument("--account", "--system-id", default="", help="the account name")
    add.add_argument("--source", default="", metavar="NUMBER", help="the sender number, 106…")
    add.add_argument("--window", type=int, help="unanswered messages allowed on a connection")
    add.add_argument("--connections", type=int, default=1, help="how many at once")
    add.add_argument("--rate", type=float, default=50, help="messages per second allowed")
    add.add_argument("--tls", action="store_true")
    add.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="more",
        help="any other field of the protocol, such as version=2.0; FIELD=? lists them",
    )
    secret = actions.add_parser("password", help="keep another password; it is asked for")
    secret.add_argument("name", metavar="NAME")
    remove = actions.add_parser("remove", help="forget a connection that no test has used")
    remove.add_argument("name", metavar="NAME")
    file = actions.add_parser("file", help="note which carriers a signature or text is filed with")
    file.add_argument("name", metavar="NAME")
    file.add_argument("--signature", required=True)
    file.add_argument("--carriers", required=True, metavar="cmcc,cucc,ctcc")
    file.add_argument(
        "--template",
        default="",
        metavar="TEXT",
        help="of one text with that signature: text, or TEST/text, TEST/VARIANT for one test's",
    )


def run(options: argparse.Namespace) -> int:
    from bot import connections

    if options.action == "list":
        return connections.show()
    acting = {
        "add": connections.add,
        "file": connections.file,
        "password": connections.password,
        "remove": connections.remove,
    }
    return acting[options.action](options)
