"""`smsvet bench ask`: how often the guidance finds the right passage, and what that costs.

    python benchmarks/bench_ask.py [--json] [--quick]

By question set and kind: how often the right passage comes first (R@1), among three (R@3), the
mean of one over its rank (MRR, 0 when not among five), for ours and for two peers over the same
passages; how well answerable and unanswerable are told apart (area under the curve), and how many
of each are refused. Peers have no refusal of their own: theirs is the threshold that refuses one
in twenty answerable development questions. The unseen set was written by somebody else and is
never learned from; only its totals are looked at.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import ask_peers  # noqa: E402
import ask_sets  # noqa: E402
import machine  # noqa: E402
import numpy as np  # noqa: E402
import tables  # noqa: E402
from ask_peers import Found, Peer  # noqa: E402
from ask_sets import Question  # noqa: E402

from knowledge.readers.guidance import read_corpus  # noqa: E402

DATA = ROOT / "data"
COST = Path(__file__).with_name("ask_cost.py")
MANY_PAGES = 200
STARTS = 3
NAMES = {"ours": "ours", "bm25": "BM25 over jieba", "minilm": "English MiniLM"}
Figures = dict[str, Any]


def peers(state: Path) -> tuple[dict[str, Peer], dict[str, str]]:
    """Everybody who answers, and why somebody does not."""
    corpus, missing = read_corpus(DATA / "guidance"), {}
    found: dict[str, Peer] = {"ours": ask_peers.Ours.open(DATA, state)}
    for name, maker in (("bm25", ask_peers.JiebaWords), ("minilm", ask_peers.EnglishMiniLM)):
        try:
            found[name] = maker(corpus)
        except (ImportError, LookupError) as error:
            missing[name] = str(error)
    return found, missing


def judged(sets: dict[str, list[Question]], peer: Peer) -> Figures:
    """One system over all sets."""
    answers = {name: [(one, peer.find(one.ask)) for one in asked] for name, asked in sets.items()}
    sure = [
        found.sure for name in ask_sets.DEVELOPMENT for one, found in answers[name] if one.expect
    ]
    threshold = float(np.quantile(sure, ask_peers.WRONGLY))
    return {name: _of_set(pairs, threshold) for name, pairs in answers.items() if pairs}


def _of_set(pairs: Sequence[tuple[Question, Found]], threshold: float) -> Figures:
    kinds = list(dict.fromkeys(one.kind for one, _ in pairs))
    yes = [found.sure for one, found in pairs if one.expect]
    no = [found.sure for one, found in pairs if not one.expect]
    return {
        "kinds": {kind: _recall([p for p in pairs if p[0].kind == kind]) for kind in kinds},
        "all": _recall([pair for pair in pairs if pair[0].expect]),
        "auc": _area(yes, no),
        "refused_unanswerable": _refused([p for p in pairs if not p[0].expect], threshold),
        "refused_answerable": _refused([p for p in pairs if p[0].expect], threshold),
    }


def _recall(pairs: Sequence[tuple[Question, Found]]) -> Figures:
    ranks = [_rank(one, found) for one, found in pairs if one.expect]
    if not ranks:
        return {"n": len(pairs), "r1": None, "r3": None, "mrr": None}
    r1, r3 = (sum(rank <= most for rank in ranks) / len(ranks) for most in (1, 3))
    return {
        "n": len(ranks),
        "r1": r1,
        "r3": r3,
        "mrr": sum(1 / rank for rank in ranks) / len(ranks),
    }


def _rank(one: Question, found: Found) -> float:
    """From 1; infinite when not shown."""
    ranks = (rank for rank, anchor in enumerate(found.anchors, 1) if one.met_by(anchor))
    return next(ranks, float("inf"))


def _refused(pairs: Sequence[tuple[Question, Found]], threshold: float) -> float | None:
    if not pairs:
        return None
    refused = [one.sure < threshold if one.refused is None else one.refused for _, one in pairs]
    return sum(refused) / len(pairs)


def _area(yes: Sequence[float], no: Sequence[float]) -> float | None:
    """Of one with and one without an answer, how often the first is the surer."""
    if not yes or not no:
        return None
    ours, theirs = np.array(yes)[:, None], np.array(no)
    return float((ours > theirs).mean() + (ours == theirs).mean() / 2)


def costs(*, quick: bool) -> Figures:
    """Built, started and asked in processes of their own."""
    with tempfile.TemporaryDirectory(prefix="smsvet-") as folder:
        state = Path(folder)
        fresh = _told(state / "fresh", "start")
        starts = [_told(state / "fresh", "start") for _ in range(1 if quick else STARTS)]
        found: Figures = {
            "first_without_index": fresh,
            "first_with_index": sorted(starts, key=_took)[len(starts) // 2],
            "our_pages": _told(state / "ours", "build"),
            "answers": _told(state / "ours", "answers"),
        }
        if not quick:
            found["many_pages"] = _told(state / "many", "build", "--pages", MANY_PAGES)
        return found


def _took(one: Figures) -> float:
    return float(one["took_s"])


def _told(state: Path, *words: object) -> Figures:
    """The figures of one process, on all cores, as the product runs; `took_s` is all of it."""
    command = [str(word) for word in (sys.executable, COST, state, *words)]
    began = time.perf_counter()
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=machine.PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise machine.BenchmarkError(f"not done in {machine.PATIENCE_S} s") from error
    if done.returncode:
        raise machine.BenchmarkError(done.stderr.strip()[-500:])
    told: Figures = json.loads(done.stdout)
    return {"took_s": time.perf_counter() - began} | told


def document(*, quick: bool) -> Figures:
    """Everything that was found."""
    sets = {name: ask_sets.read(name) for name in (*ask_sets.DEVELOPMENT, ask_sets.UNSEEN)}
    with tempfile.TemporaryDirectory(prefix="smsvet-") as state:
        systems, missing = peers(Path(state))
        quality = {name: judged(sets, peer) for name, peer in systems.items()}
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.described(),
        "unseen": ask_sets.UNSEEN if sets[ask_sets.UNSEEN] else None,
        "quality": quality,
        "costs": costs(quick=quick),
        "missing": missing,
    }


def text(found: Figures) -> str:
    """For a terminal."""
    quality = found["quality"]
    blocks = [tables.text_of(_found(name, quality)) for name in quality["ours"]]
    blocks += [tables.text_of(_refusals(quality)), tables.text_of(_costs(found["costs"]))]
    blocks += [f"Missing: {NAMES[name]}: {why}." for name, why in found["missing"].items()]
    return "\n\n".join([*blocks, _remarks(found)])


def _found(name: str, quality: Figures) -> tables.Table:
    kept_apart = " (kept apart, never tuned on)" if name == ask_sets.UNSEEN else " (development)"
    head = ["kind", "n"]
    for system in quality:
        head += [f"{NAMES[system]}: R@1", "R@3", "MRR"]
    kinds = {kind: one["n"] for kind, one in quality["ours"][name]["kinds"].items()}
    rows = []
    for kind in (*kinds, "all"):
        row = [kind, str(kinds.get(kind, quality["ours"][name]["all"]["n"]))]
        for system in quality.values():
            of_set = system[name]
            one = of_set["all"] if kind == "all" else of_set["kinds"][kind]
            row += [_share(one[figure]) for figure in ("r1", "r3", "mrr")]
        if row[2] != "–":
            rows.append(row)
    return tables.Table(f"Passages found, {name}{kept_apart}", head, rows)


def _refusals(quality: Figures) -> tables.Table:
    head = ("set", "system", "AUC", "unanswerable refused", "answerable refused")
    rows = [
        (name, NAMES[system], *(_share(one[figure]) for figure in REFUSALS))
        for name in quality["ours"]
        for system, of_sets in quality.items()
        for one in (of_sets[name],)
    ]
    return tables.Table("Refusals", head, rows)


REFUSALS = ("auc", "refused_unanswerable", "refused_answerable")


def _costs(found: Figures) -> tables.Table:
    rows = [
        ("first answer, index kept, s", f"{found['first_with_index']['took_s']:.2f}"),
        ("first answer, no index, s", f"{found['first_without_index']['took_s']:.2f}"),
        ("memory after it, MB", f"{found['first_with_index']['memory_mb']:.0f}"),
        ("a whole answer, p50 / p95, ms", _both(found["answers"]["answer_ms"])),
    ]
    for name in ("our_pages", "many_pages"):
        if name in found:
            rows += _of_pages(found[name])
    return tables.Table("Cost, on all cores", ("", ""), rows)


def _of_pages(one: Figures) -> list[tuple[str, str]]:
    size = f"{one['pages']} pages"
    return [
        (f"{size}: passages / texts indexed", f"{one['passages']} / {one['texts']}"),
        (f"{size}: index built, s", f"{one['built_s']:.1f}"),
        (f"{size}: model stack and collection behind it, s", f"{one['collection_s']:.1f}"),
        (f"{size}: search in memory, p50 / p95, ms", _both(one["search_ms"])),
        (f"{size}: search in Chroma, p50 / p95, ms", _both(one["chroma_ms"])),
        (
            f"{size}: memory without / with the stack, MB",
            f"{one['memory_mb']:.0f} / {one['stack_memory_mb']:.0f}",
        ),
    ]


def _remarks(found: Figures) -> str:
    unseen = (
        f"{ask_sets.UNSEEN} was written apart from pages and code, and is not learned from."
        if found["unseen"]
        else f"There is no {ask_sets.UNSEEN} here."
    )
    grown = f"{MANY_PAGES} pages are ours and copies of ours with other characters."
    return f"{unseen}\n{grown}"


def _share(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.2f}"


def _both(figures: Figures) -> str:
    return f"{figures['p50']:.1f} / {figures['p95']:.1f}"


def main() -> int:
    """0: measured; 1: a part failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--quick", action="store_true", help="without the 200 pages")
    asked = parser.parse_args()
    try:
        found = document(quick=asked.quick)
    except machine.BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write((json.dumps(found) if asked.json else text(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
