"""The fake language model against clients that nobody here wrote."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import openai
import pytest

from bot.fakes.llm import Fake
from tests.integration.language_stage import FORM, speaking

MESSAGES = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "reply", "parameters": FORM.schema}}


@pytest.fixture
def stage() -> Iterator[tuple[Fake, openai.OpenAI]]:
    with speaking() as (fake, url), httpx.Client(trust_env=False) as http:
        yield (
            fake,
            openai.OpenAI(
                base_url=url, api_key=fake.key, max_retries=0, timeout=5, http_client=http
            ),
        )


def test_openai_client_gets_models_and_answers(stage: tuple[Fake, openai.OpenAI]) -> None:
    """The real client lists the model and reads a whole answer."""
    fake, client = stage
    fake.says("你好")
    assert ["fake-1"] == [model.id for model in client.models.list().data]
    answer = client.chat.completions.create(model="fake-1", messages=MESSAGES)
    assert "你好" == answer.choices[0].message.content


def test_openai_client_reads_a_stream(stage: tuple[Fake, openai.OpenAI]) -> None:
    """Words come in pieces, with their usage at the end where it was asked for."""
    fake, client = stage
    fake.says("一句在几块里来的话，够长了吧")
    with client.chat.completions.create(
        model="m", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    words = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "一句在几块里来的话，够长了吧" == "".join(words)
    assert 1 < sum(map(bool, words))
    assert chunks[-1].usage is not None


def test_openai_client_gets_a_tool_call(stage: tuple[Fake, openai.OpenAI]) -> None:
    """A tool that is offered is called, whole and streamed."""
    fake, client = stage
    fake.says({"word": "yes"})
    answer = client.chat.completions.create(model="m", messages=MESSAGES, tools=[TOOL])
    call = answer.choices[0].message.tool_calls[0]
    assert ("reply", {"word": "yes"}) == (call.function.name, json.loads(call.function.arguments))
    with client.chat.completions.stream(model="m", messages=MESSAGES, tools=[TOOL]) as stream:
        final = stream.get_final_completion()
    assert {"word": "yes"} == json.loads(final.choices[0].message.tool_calls[0].function.arguments)


def test_openai_client_gets_json_by_schema_or_a_refusal(stage: tuple[Fake, openai.OpenAI]) -> None:
    """A schema is answered to, or refused with 400 by a server that does not know schemas."""
    fake, client = stage
    fake.says({"word": "yes"})
    wanted = {"type": "json_schema", "json_schema": {"name": "reply", "schema": FORM.schema}}
    ask = {"model": "m", "messages": MESSAGES, "response_format": wanted}
    answer = client.chat.completions.create(**ask)
    assert {"word": "yes"} == json.loads(answer.choices[0].message.content)
    fake.knows = frozenset({"text"})
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**ask)


@pytest.mark.parametrize(
    ("kind", "how", "raised"),
    [
        ("error", {"code": 429}, openai.RateLimitError),
        ("error", {"code": 503}, openai.InternalServerError),
        ("reset", {}, openai.APIConnectionError),
        ("truncated", {}, openai.APIConnectionError),
        ("half", {}, None),
    ],
)
def test_openai_client_meets_trouble(
    stage: tuple[Fake, openai.OpenAI], kind: str, how: dict, raised: type[Exception] | None
) -> None:
    """What goes wrong looks to the real client like the real thing."""
    fake, client = stage
    fake.does(kind, said={"word": "yes"}, **how)
    ask = {"model": "m", "messages": MESSAGES}
    if raised is None:
        words = client.chat.completions.create(**ask).choices[0].message.content
        assert '{"word": "yes"}' != words
        return
    with pytest.raises((raised, httpx.HTTPError)):
        client.chat.completions.create(**ask)


def test_a_wrong_key_is_refused(stage: tuple[Fake, openai.OpenAI]) -> None:
    """As OpenAI does it: 401."""
    _, client = stage
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="another").models.list()


def test_langchain_client_streams_and_fills_in_forms(stage: tuple[Fake, openai.OpenAI]) -> None:
    """LangChain's own client works against it: words, a schema, a function."""
    from langchain_openai import ChatOpenAI

    fake, client = stage
    with httpx.Client(trust_env=False) as http:
        chat = ChatOpenAI(
            model="fake-1",
            base_url=str(client.base_url),
            api_key=fake.key,
            http_client=http,
            max_retries=0,
        )
        fake.says("你好")
        assert "你好" == chat.invoke("hi").text
        assert "你好" == "".join(chunk.text for chunk in chat.stream("hi"))
        fake.anew()
        fake.says({"word": "yes"})
        schema = {"title": "reply", "description": "a reply", **FORM.schema}
        for method in ("json_schema", "function_calling"):
            found = chat.with_structured_output(schema, method=method).invoke("hi")
            assert {"word": "yes"} == found


def test_it_runs_as_a_program_and_takes_scripts() -> None:
    """`python -m bot.fakes.llm` says where it is and does what is posted to it."""
    command = [sys.executable, "-m", "bot.fakes.llm"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            told = json.loads(program.stdout.readline())
            with httpx.Client(trust_env=False) as http:
                scripts = [{"kind": "error", "code": 503, "times": 1}]
                door = told["base_url"].removesuffix("/v1") + "/sim/scripts"
                assert 200 == http.post(door, json=scripts).status_code
                ask = {"model": "m", "messages": MESSAGES}
                headers = {"Authorization": f"Bearer {told['api_key']}"}
                url = f"{told['base_url']}/chat/completions"
                codes = [http.post(url, json=ask, headers=headers).status_code for _ in range(2)]
                assert [503, 200] == codes
        finally:
            program.terminate()


def test_asyncio_client_can_be_cut_off(stage: tuple[Fake, openai.OpenAI]) -> None:
    """A stall ends when the one who waits goes away."""
    fake, client = stage
    fake.does("stall", said="never")

    async def waiting() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            asking = openai.AsyncOpenAI(
                base_url=str(client.base_url), api_key=fake.key, http_client=http, max_retries=0
            )
            await asyncio.wait_for(
                asking.chat.completions.create(model="m", messages=MESSAGES), timeout=0.3
            )

    with pytest.raises(TimeoutError):
        asyncio.run(waiting())
