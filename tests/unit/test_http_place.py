"""Where an HTTP interface is said to be, and whether it is spoken to in the clear."""

import argparse

import pytest

from bot import http_vendors
from bot.errors import UserError


def added(*more: str) -> tuple[str, int, bool]:
    """Host, port and TLS of a connection with these fields."""
    options = argparse.Namespace(
        name="trial", http="yunpian", more=["apikey=k", *more], window=None, rate=50.0, source=""
    )
    row, _ = http_vendors.connection(options, lambda _prompt: "")
    return row.host, row.port, row.options["tls"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("sms.example.com", ("sms.example.com", 443, True)),
        ("sms.example.com:8443", ("sms.example.com", 8443, True)),
        ("[::1]:8443", ("::1", 8443, True)),
        ("::1", ("::1", 443, True)),
    ],
)
def test_a_host_may_name_its_port(said: str, expected: tuple[str, int, bool]) -> None:
    """A name stands alone or with a port; encrypted unless the file says otherwise."""
    assert expected == added(f"host={said}")


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("http://127.0.0.1:18080", r"--set host=127\.0\.0\.1:18080, and for http:// .*tls=false"),
        ("https://sms.example.com/v2/", r"--set host=sms\.example\.com\."),
        ("sms.example.com/v2", r"--set host=sms\.example\.com\."),
        ("sms.example.com:http", "HOST or HOST:PORT"),
        ("sms.example.com:70000", "HOST or HOST:PORT"),
    ],
)
def test_an_address_is_refused_with_what_to_write(said: str, wrong: str) -> None:
    """What was copied from a browser is not kept as a host's name."""
    with pytest.raises(UserError, match=wrong):
        added(f"host={said}")


def test_only_this_machine_is_spoken_to_in_the_clear() -> None:
    """TLS can be turned off for loopback hosts and for no other."""
    assert ("127.0.0.1", 8080, False) == added("host=127.0.0.1:8080", "tls=false")
    for place in ("sms.example.com", "127.0.0.1.example.com", "10.0.0.1"):
        with pytest.raises(UserError, match="unencrypted"):
            added(f"host={place}", "tls=no")
    with pytest.raises(UserError, match="tls is true or false"):
        added("tls=maybe")
