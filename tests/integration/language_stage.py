"""A language model on loopback for a test, and a `Model` of ours that asks it."""

from collections.abc import Iterator
from contextlib import contextmanager

from anyio.from_thread import start_blocking_portal

from bot.fakes.llm import Fake, serve
from knowledge.forms import Form
from knowledge.llm import Model

FORM = Form(
    "reply",
    {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": False,
    },
)


@contextmanager
def speaking(**how: object) -> Iterator[tuple[Fake, str]]:
    """The fake, and the base URL it is at."""
    fake = Fake(**how)  # type: ignore[arg-type]
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serve(fake)) as url:
        yield fake, url


def model_at(
    url: str, fake: Fake, *, deadline_s: float = 8.0, rest_s: float = 0.0, name: str = "fake-1"
) -> Model:
    """Loaded already: how long that takes depends on the machine."""
    options = {"base_url": url, "api_key": fake.key}
    model = Model.open(f"openai:{name}", deadline_s, rest_s, **options)
    model.load()
    return model
