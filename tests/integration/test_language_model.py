"""Our side of a language model over real sockets: in time, never raising, left alone in need."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.doctor import language
from bot.errors import UserError
from bot.fakes.llm import Asked, Fake
from bot.settings import load
from knowledge.forms import Form
from knowledge.llm import AT_ONCE, Breaker, Model, object_in, with_options
from tests.integration.language_stage import FORM, model_at, speaking

ROOT = Path(__file__).parent.parent.parent
GOOD = {"word": "yes"}


@pytest.fixture
def stage() -> Iterator[tuple[Fake, str]]:
    with speaking() as found:
        yield found


def ask(model: Model, within: float | None = None) -> dict | None:
    return model.ask("Fill it in.", "material", FORM, within=within)


@pytest.mark.parametrize(
    ("knows", "ways"),
    [
        ({"json_schema", "function_calling", "text"}, ["json_schema"]),
        ({"function_calling", "text"}, ["json_schema", "function_calling"]),
        ({"text"}, ["json_schema", "function_calling", "text"]),
    ],
)
def test_a_form_is_filled_in_whatever_the_server_knows(
    stage: tuple[Fake, str], knows: set[str], ways: list[str]
) -> None:
    """Schema, function call or plain JSON: the next call goes the way that worked at once."""
    fake, url = stage
    fake.knows = frozenset(knows)
    fake.says(GOOD)
    model = model_at(url, fake)
    assert GOOD == ask(model)
    assert ways == [asked.way for asked in fake.asked]
    assert all(asked.streams for asked in fake.asked)
    assert GOOD == ask(model)
    assert [*ways, ways[-1]] == [asked.way for asked in fake.asked]


@pytest.mark.parametrize("kind", ["garbage", "half", "truncated", "reset", "huge", "toolcall"])
def test_what_is_broken_is_none_at_once(stage: tuple[Fake, str], kind: str) -> None:
    """Nonsense, half an answer, a reset, an answer without end and a made-up tool call: None."""
    fake, url = stage
    fake.does(kind, said="{{nonsense" if kind == "garbage" else GOOD)
    model = model_at(url, fake, deadline_s=60)
    assert ask(model) is None
    assert model.trouble
    assert 1 == len(fake.asked)


@pytest.mark.parametrize("code", [401, 429, 500, 503])
def test_refusals_are_not_repeated(stage: tuple[Fake, str], code: int) -> None:
    """An error of the server ends the call: no retries by us, none by its client."""
    fake, url = stage
    fake.does("error", code=code)
    model = model_at(url, fake)
    assert ask(model) is None
    assert str(code) in model.trouble
    assert 1 == len(fake.asked)


@pytest.mark.parametrize("kind", ["stall", "drip"])
def test_a_deadline_holds_for_the_whole_call(stage: tuple[Fake, str], kind: str) -> None:
    """Silence and a byte now and then both end with the deadline, and the call is given up."""
    fake, url = stage
    fake.does(kind, said={"word": "x" * 4000})
    model = model_at(url, fake, deadline_s=0.5)
    assert ask(model) is None
    assert "no answer in time" == model.trouble


def test_after_a_failure_nobody_waits_for_a_while(stage: tuple[Fake, str]) -> None:
    """The circuit stays open: the next call is not even made."""
    fake, url = stage
    fake.does("error", code=503, times=1)
    fake.says(GOOD)
    model = model_at(url, fake, rest_s=3600)
    assert [None, None, None] == [ask(model) for _ in range(3)]
    assert 1 == len(fake.asked)


def test_it_is_tried_again_after_the_rest() -> None:
    """One call tries, the others still go without; success forgets, failure rests twice as long."""
    now = [0.0]
    breaker = Breaker(lambda: now[0], rest_s=30)
    assert breaker.allows(8)
    breaker.failed()
    assert not breaker.allows(8)
    now[0] = 30
    assert breaker.allows(8)
    assert not breaker.allows(8)  # somebody else, while that one tries
    breaker.failed()
    now[0] = 89
    assert not breaker.allows(8)
    now[0] = 90
    assert breaker.allows(8)
    breaker.answered(of_use=True)
    assert breaker.allows(8)
    assert breaker.allows(8)


def test_answers_that_are_no_use_are_put_up_with_three_times() -> None:
    """A model that cannot fill in forms is left alone as if it were down."""
    breaker = Breaker(lambda: 0.0, rest_s=30)
    for _ in range(2):
        breaker.answered(of_use=False)
        assert breaker.allows(8)
    breaker.answered(of_use=False)
    assert not breaker.allows(8)


def test_nobody_queues_for_it(stage: tuple[Fake, str]) -> None:
    """While it has its hands full, others go on without it at once."""
    fake, url = stage
    fake.does("stall")
    model = model_at(url, fake, deadline_s=20)
    waiting = [threading.Thread(target=ask, args=(model, 2.0)) for _ in range(AT_ONCE)]
    for each in waiting:
        each.start()
    while len(fake.asked) < AT_ONCE:
        time.sleep(0.01)
    assert ask(model) is None
    assert AT_ONCE == len(fake.asked)
    for each in waiting:
        each.join()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("nobody:model", {}),
        ("openai:model", {"api_key": ""}),
        ("openai:model", {"base_url": "http://127.0.0.1:1/v1", "api_key": "k"}),
    ],
)
def test_a_model_that_cannot_be_had_is_none(name: str, options: dict[str, str]) -> None:
    """An unknown provider, a missing key and a closed port raise nothing."""
    model = Model.open(name, 5.0, **options)
    model.load()
    assert ask(model) is None
    assert model.trouble


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"word": "a"}', {"word": "a"}),
        ('Sure!\n```json\n{"word": "a"}\n```', {"word": "a"}),
        ('<think>{"word": "no"}</think>{"word": "a"}', {"word": "a"}),
        ('{"other": 1} {"word": "a"}', {"word": "a"}),
        ('{"word": "a"', None),
        ('[{"wor', None),
        ("{" * 5000, None),
        ('{"a":' * 5000, None),
        ("", None),
    ],
)
def test_json_is_found_in_text(text: str, found: dict | None) -> None:
    """The first object that has what the form must have; anything else is nothing."""
    assert found == object_in(text, Form("reply", FORM.schema))


@pytest.mark.parametrize(
    ("name", "model", "body"),
    [
        ("openai:gpt-4.1-mini", "openai:gpt-4.1-mini", {}),
        ("openai:qwen3:8b?reasoning_effort=none", "openai:qwen3:8b", {"reasoning_effort": "none"}),
        ("openai:m?thinking.type=disabled", "openai:m", {"thinking": {"type": "disabled"}}),
        ("openai:m?a=false&b=0.2", "openai:m", {"a": False, "b": 0.2}),
    ],
)
def test_options_follow_the_name(name: str, model: str, body: dict) -> None:
    """What a provider wants besides is written behind a question mark."""
    assert (model, body) == with_options(name)


@pytest.mark.parametrize("way", ["json_schema", "function_calling", "text"])
def test_options_are_in_every_request(stage: tuple[Fake, str], way: str) -> None:
    """Thinking is switched off however the form is asked for."""
    fake, url = stage
    fake.knows = frozenset({way})
    fake.says(GOOD)
    model = model_at(url, fake, name="fake-1?thinking.type=disabled&enable_thinking=false")
    assert GOOD == ask(model)
    for asked in fake.asked:
        assert "fake-1" == asked.body["model"]
        assert {"type": "disabled"} == asked.body["thinking"]
        assert asked.body["enable_thinking"] is False


def test_what_is_asked_goes_to_nobody_else(stage: tuple[Fake, str], home: Path) -> None:
    """LangChain's tracing and gateway variables lead nothing past the address that was set."""
    fake, url = stage
    fake.says(GOOD)
    code = (
        "from knowledge.llm import Model; from tests.integration.language_stage import FORM\n"
        "model = Model.open('openai:fake-1'); model.load()\n"
        "print(model.ask('Fill it in.', 'material', FORM))"
    )
    elsewhere = {"LANGSMITH_GATEWAY": "http://127.0.0.1:1", "LANGSMITH_API_KEY": "k"}
    tracing = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": "http://127.0.0.1:1"}
    own = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": fake.key, "NO_PROXY": "127.0.0.1"}
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), **elsewhere, **tracing, **own}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, check=True)
    assert str(GOOD) == done.stdout.strip()
    assert 1 == len(fake.asked)


def test_the_doctor_says_whether_it_answers(stage: tuple[Fake, str], home: Path) -> None:
    """Not set up is fine; answering is fine; refusing and being unreachable are not."""
    fake, url = stage
    fake.says(GOOD)
    at = {"base_url": url, "api_key": fake.key}
    without = load({"SMSVET_HOME": str(home)})
    with_one = load({"SMSVET_HOME": str(home), "SMSVET_LLM": "openai:fake-1"})
    assert language.examine(without).fine
    check = language.examine(with_one, **at)
    assert check.fine
    assert "openai:fake-1 answers in" in check.found
    fake.anew()
    fake.does("error", code=401)
    check = language.examine(with_one, **at)
    assert not check.fine
    assert "401" in check.found
    assert not language.examine(with_one, base_url="http://127.0.0.1:1/v1", api_key="k").fine


def test_a_setting_without_a_provider_is_a_mistake(home: Path) -> None:
    """The provider is named, or somebody's notes could go to whom LangChain guesses."""
    with pytest.raises(UserError, match="provider:model"):
        load({"SMSVET_HOME": str(home), "SMSVET_LLM": "gpt-4.1-mini"})


def test_smsvet_ask_speaks_with_the_model_and_without_it(
    stage: tuple[Fake, str], home: Path
) -> None:
    """One setting and the provider's own variables are all it takes; an outage changes nothing."""
    fake, url = stage

    def speak(asked: Asked) -> object:
        if asked.form == "search_queries":
            return {"queries": []}
        one = asked.material["excerpts"][0]
        quote = one["text"].split("。")[0] + "。"
        part = {"text": quote, "anchor": one["anchor"], "quote": quote}
        return {"answerable": True, "sentences": [part]}

    fake.says(speak)
    plain = _asked(home, {})
    assert [] == fake.asked
    env = {"SMSVET_LLM": "openai:fake-1", "OPENAI_BASE_URL": url, "OPENAI_API_KEY": fake.key}
    spoken = _asked(home, env)
    assert fake.asked
    assert set(plain) == set(spoken)
    assert spoken["answer"] != plain["answer"]
    assert spoken["citations"]
    fake.anew()
    fake.does("reset")
    assert plain == _asked(home, env)


def _asked(home: Path, env: dict[str, str]) -> dict:
    command = [sys.executable, "-m", "bot", "ask", "验证码到达率要多高", "--json"]
    base = {"PATH": "/usr/bin:/bin", "SMSVET_HOME": str(home), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=base | env, check=True
    )
    return json.loads(done.stdout)
