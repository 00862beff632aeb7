"""`python -m bot.fakes.telegram`: a Telegram to try things with, until Ctrl-C."""

import argparse
import json
import signal

import anyio

from bot.fakes.telegram import Fake, serve


async def main(port: int) -> None:
    """Serve, and say in one line of JSON where and for which bot."""
    fake = Fake()
    async with serve(fake, port) as url:
        told = {"base_url": f"{url}/bot", "token": fake.token, "people": f"{url}/sim/"}
        # Explicitly: whoever is started in the background of a shell has SIGINT ignored.
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            print(json.dumps(told), flush=True)
            await anext(signals)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bot.fakes.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    anyio.run(main, parser.parse_args().port)
