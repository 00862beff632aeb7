"""`python -m bot.fakes.llm`: a language model to try things with, until Ctrl-C.

POST a JSON list of scripts to /sim/scripts (see bot/fakes/llm/world.py) to have it misbehave.
"""

import argparse
import json
import signal

import anyio

from bot.fakes.llm import Fake, serve


async def main(port: int) -> None:
    """Serve, and say in one line of JSON where, with which key and model."""
    fake = Fake()
    async with serve(fake, port) as url:
        told = {"base_url": url, "api_key": fake.key, "model": f"openai:{fake.name}"}
        # Explicitly: whoever is started in the background of a shell has SIGINT ignored.
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            print(json.dumps(told), flush=True)
            await anext(signals)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bot.fakes.llm", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    anyio.run(main, parser.parse_args().port)
