"""The chat benchmark: that it measures what it says, never how fast anything is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FIGURES = {"turns_per_s", "cpu_ms_per_turn", "p50_ms", "p99_ms", "told_p50_ms", "told_p99_ms"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_bench_chat_measures_every_database() -> None:
    """`smsvet bench chat --json` has every figure, and names a database that is not here."""
    words = [sys.executable, "-m", "bot", "bench", "chat", "--json", "--quick"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    told = json.loads(done.stdout)
    assert ({}, 0) == (told["failed"], done.returncode)
    for name in ("sqlite", "postgres"):
        assert (told[name] is None) == (name in told["missing"])
        assert told[name] is None or told[name].keys() >= FIGURES
    assert told["sqlite"]["turns_per_s"] > 0
    assert told["kb_per_conversation"] > 0
