"""What an answer costs: seconds to build and to answer, and memory.

    python benchmarks/ask_cost.py STATE build|start|answers [--pages N]

One process, one JSON line. The state folder decides whether it finds an index or builds one.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import machine  # noqa: E402

from knowledge.answer import Guidance  # noqa: E402

DATA = ROOT / "data"
FIRST = "签名报备要多久"


def started(state: Path) -> dict[str, Any]:
    """The first answer of a process; whoever started it has the time."""
    Guidance.open(DATA, state).ask(FIRST)
    return {"memory_mb": _memory_mb()}


def built(state: Path, pages: int) -> dict[str, Any]:
    """Build the index of so many pages, then ask it, without and with the model stack."""
    import ask_peers
    from ask_sets import grown

    from knowledge.index import Index

    material = ask_peers.material(DATA)
    if pages:
        material = ask_peers.material(DATA, grown(material.corpus, pages))
    index = Index(material, state)
    began = time.perf_counter()
    quick = index.quick()
    built_s = time.perf_counter() - began
    quick_ms = [_ms(partial(quick.find, one)) for one in _questions()]
    memory_mb = _memory_mb()
    began = time.perf_counter()
    full = index.full(quick)
    full_s = time.perf_counter() - began
    full_ms = [_ms(partial(full.find, one)) for one in _questions()]
    index.close()
    return {
        "pages": len(material.corpus.pages),
        "passages": len(material.corpus.places),
        "texts": len(quick.units),
        "built_s": built_s,
        "collection_s": full_s,
        "search_ms": _quantiles(quick_ms),
        "chroma_ms": _quantiles(full_ms),
        "memory_mb": memory_mb,
        "stack_memory_mb": _memory_mb(),
    }


def answered(state: Path) -> dict[str, Any]:
    """Milliseconds of whole answers over the development questions, as a chat asks them."""
    guidance = Guidance.open(DATA, state)
    guidance.warm()
    guidance.settle()
    found = [_ms(partial(guidance.ask, one)) for one in _questions()]
    guidance.close()
    return {"store": type(guidance.store).__name__, "answer_ms": _quantiles(found)}


def _questions() -> list[str]:
    import ask_sets

    return [one.ask for name in ask_sets.DEVELOPMENT for one in ask_sets.read(name)]


def _ms(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def _quantiles(figures: list[float]) -> dict[str, float]:
    ordered = sorted(figures)
    return {name: ordered[int(len(ordered) * at)] for name, at in (("p50", 0.5), ("p95", 0.95))}


def _memory_mb() -> float:
    return (machine.resident_bytes() or 0) / (1 << 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("state", type=Path)
    parser.add_argument("what", choices=["start", "build", "answers"])
    parser.add_argument("--pages", type=int, default=0, help="grow to so many; ours by default")
    asked = parser.parse_args()
    if asked.what == "start":
        found = started(asked.state)
    elif asked.what == "answers":
        found = answered(asked.state)
    else:
        found = built(asked.state, asked.pages)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
