"""Answers out of octets: however they are cut, whatever they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.http.codec import MOST_BODY, Response, Responses

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\nhell\r\n1;x=y\r\no\r\n0\r\nX: y\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
LATER = b"HTTP/1.1 429 Slow\r\nretry-after:  7 \r\nConnection: Close\r\ncontent-length: 0\r\n\r\n"

_ANSWERS = st.lists(st.sampled_from([PLAIN, CHUNKED, INTERIM + PLAIN, EMPTY]), max_size=5)


def read(data: bytes, cuts: list[int]) -> list[Response]:
    responses, found, at = Responses(), [], 0
    for cut in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        found += responses.feed(data[at:cut])
        at = cut
    return found


def test_what_an_answer_says() -> None:
    """Status, body, whether the connection stays, and how long to wait are read."""
    assert [Response(200, b"hello", True, "")] == Responses().feed(PLAIN)
    assert [Response(201, b"hello", True, "")] == Responses().feed(CHUNKED)
    assert [Response(204, b"", True, "")] == Responses().feed(EMPTY)
    assert [Response(429, b"", False, "7")] == Responses().feed(LATER)


@given(_ANSWERS, st.lists(st.integers(0, 10_000), max_size=20))
def test_how_octets_are_cut_makes_no_difference(answers: list[bytes], cuts: list[int]) -> None:
    """Any cut of the same octets gives the same answers."""
    data = b"".join(answers)
    one_by_one = [response for each in answers for response in Responses().feed(each)]
    assert one_by_one == read(data, cuts)
    assert one_by_one == read(data, list(range(len(data))))


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, EMPTY])
def test_an_answer_counts_whatever_follows_it(answer: bytes) -> None:
    """Nonsense behind a whole answer in the same read does not take it away; then it is raised."""
    responses = Responses()
    assert 1 == len(responses.feed(answer + b"SMTP ready\r\n\r\n"))
    assert "not an HTTP answer" == responses.problem
    with pytest.raises(ProtocolError):
        responses.feed(PLAIN)
    with pytest.raises(ProtocolError):
        responses.end()


@given(st.binary(max_size=200), st.sampled_from([b"", PLAIN[:17], CHUNKED[:60], INTERIM]))
def test_any_octets_are_read_or_refused(noise: bytes, front: bytes) -> None:
    """Nothing but ProtocolError comes of nonsense, and both ways of reading agree on it."""

    def told(pieces: list[bytes]) -> tuple[list[Response], str]:
        responses, found = Responses(), []
        try:
            for piece in pieces:
                found += responses.feed(piece)
        except ProtocolError as error:
            return found, error.reason
        return found, responses.problem

    data = front + noise
    assert told([data])[0] == told([bytes((octet,)) for octet in data])[0]


def test_an_answer_may_end_with_the_connection() -> None:
    """Without a length the body is what comes until the end, and the connection is over."""
    responses = Responses()
    assert responses.feed(b"HTTP/1.0 200 OK\r\n\r\nhel") == []
    assert responses.feed(b"lo") == []
    assert Response(200, b"hello", False, "") == responses.end()
    assert responses.end() is None


def test_an_answer_cut_short_is_none() -> None:
    """When the connection ends inside an answer of known length there is no answer."""
    for data in (PLAIN[:-1], CHUNKED[:-2], b"HTTP/1.1 2"):
        responses = Responses()
        assert responses.feed(data) == []
        assert responses.begun
        assert responses.end() is None


@pytest.mark.parametrize(
    "data",
    [
        b"SMTP ready\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MOST_BODY + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000,
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    """Octets that are no answer raise ProtocolError."""
    with pytest.raises(ProtocolError):
        Responses().feed(data)
