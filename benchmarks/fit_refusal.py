# ruff: noqa: T201  (a program that prints its findings)
"""Fits data/glossary/calibration.yaml: from which signals on the guidance says it knows.

Run from the project root, after pages, words or questions changed much:

    .venv/bin/python benchmarks/fit_refusal.py [--write]

Learns from five kinds of questions: the golden ones with and without an answer, passages' own
questions as they stand and (five parts in turn) left out of the index, and the questions of
outside.yaml, left out likewise. Every kind counts by its weight, not by its size; the unseen set
(guidance-unseen) is not looked at. A signal may only push in the direction it was made for, so that
hard development questions teach no nonsense.
Prints for every kind how many would be refused, from folds that were not learned from.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.optimize import minimize

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from knowledge.index import Index, Material  # noqa: E402
from knowledge.pages import Corpus, Page  # noqa: E402
from knowledge.readers.glossary import read_groups, read_outside  # noqa: E402
from knowledge.readers.guidance import read_corpus  # noqa: E402

# which way a signal may push: +1 towards an answer, -1 towards a refusal
SIGNALS = {
    "asked_before": 1,
    "outside_before": -1,
    "wording": 1,
    "agree": 1,
    "outside_share": -1,
    "outside_votes": -1,
    "outside_near": -1,
    "inside": 1,
    "outside_match": -1,
    "outside_phrases": -1,
    "known_phrases": 1,
    "known_words": 1,
    "known_characters": 1,
    "covered": 1,
    "covered_characters": 1,
    "nearness": 1,
}
DEVELOPMENT = ("questions", "plain", "voices")  # guidance-unseen is never learned from
PARTS = 5
RIDGE = 0.5
WEIGHT = {"golden": 1.0, "golden-none": 1.0, "own": 1.5, "repeated": 1.0, "outside": 1.0}

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    kind: str
    answerable: bool
    signals: Array
    source: str = ""  # the golden set; all of one is left out together


def samples(golden: Sequence[Path], state: Path) -> Iterator[Sample]:
    words = ROOT / "data" / "glossary"
    corpus = read_corpus(ROOT / "data" / "guidance")
    whole = Material(corpus, read_groups(words), read_outside(words))
    search = Index(whole, state).quick()
    for path in golden:
        for item in yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]:
            kind = "golden" if item["expect"] else "golden-none"
            found = _sample(kind, bool(item["expect"]), search.find(item["ask"]).signals)
            yield replace(found, source=path.stem)
    own = [question for place in corpus.places for question in place.passage.questions]
    for question in own[::PARTS]:
        yield _sample("repeated", True, search.find(question).signals)
    parts = zip(range(PARTS), _parts(own), _parts(whole.outside), strict=True)
    for part, (left_out, kept), (outside, others) in parts:
        material = replace(whole, corpus=_only(corpus, kept), outside=others)
        # a folder each: an older table would know the questions left out
        search = Index(material, state / str(part)).quick()
        for question in left_out:
            yield _sample("own", True, search.find(question).signals)
        for question in outside:
            yield _sample("outside", False, search.find(question).signals)


def _sample(kind: str, answerable: bool, signals: Mapping[str, float]) -> Sample:
    return Sample(kind, answerable, np.array([signals[name] for name in SIGNALS]))


def _parts(questions: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    shuffled = random.Random(1).sample(questions, len(questions))  # noqa: S311
    for part in range(PARTS):
        kept = (question for at, question in enumerate(shuffled) if at % PARTS != part)
        yield tuple(shuffled[part::PARTS]), tuple(kept)


def _only(corpus: Corpus, kept: Sequence[str]) -> Corpus:
    keep = set(kept)

    def page_with(page: Page) -> Page:
        passages = tuple(
            passage.model_copy(
                update={"questions": tuple(q for q in passage.questions if q in keep)}
            )
            for passage in page.passages
        )
        return page.model_copy(update={"passages": passages})

    return Corpus(tuple(page_with(page) for page in corpus.pages))


def fit(learned: Sequence[Sample]) -> Array:
    """Bias and weights of the raw signals, by ridge logistic regression with signs held."""
    values = np.array([sample.signals for sample in learned])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    design = np.c_[np.ones(len(values)), (values - mean) / spread]
    truth = np.array([sample.answerable for sample in learned], dtype=float)
    kinds = [sample.kind for sample in learned]
    counts = np.array([WEIGHT[kind] / kinds.count(kind) for kind in kinds]) * 100

    def loss(at: Array) -> tuple[float, Array]:
        line = design @ at
        miss = 1 / (1 + np.exp(-line)) - truth
        value = (counts * (np.logaddexp(0, line) - truth * line)).sum()
        slope = design.T @ (counts * miss) + RIDGE * np.r_[0, at[1:]]
        return float(value + RIDGE / 2 * (at[1:] ** 2).sum()), slope

    bounds = [(None, None)] + [(0, None) if sign > 0 else (None, 0) for sign in SIGNALS.values()]
    best = minimize(loss, np.zeros(design.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = best[1:] / spread
    fitted: Array = np.r_[best[0] - (weights * mean).sum(), weights]
    return fitted


def probabilities(fitted: Array, judged: Sequence[Sample]) -> Array:
    line = fitted[0] + np.array([sample.signals for sample in judged]) @ fitted[1:]
    return np.asarray(1 / (1 + np.exp(-line)))


def unlearned(all_samples: Sequence[Sample]) -> Array:
    """Each sample's probability by a fit that did not learn from it."""
    chance = random.Random(2)  # noqa: S311
    group = [sample.source or str(chance.randrange(PARTS)) for sample in all_samples]
    found = np.zeros(len(all_samples))
    for left_out in set(group):
        test = [n for n, name in enumerate(group) if name == left_out]
        rest = [n for n, name in enumerate(group) if name != left_out]
        found[test] = probabilities(
            fit([all_samples[n] for n in rest]), [all_samples[n] for n in test]
        )
    return found


def area(yes: Array, no: Array) -> float:
    """Of a yes and a no, how often the yes is the likelier one (area under the curve)."""
    return float((yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2)


def tiers(judged: Sequence[Sample], found: Array) -> tuple[float, float]:
    """From which probabilities on it `says`, and `possibly` says.

    `possibly`: one golden question in thirty-three with an answer does not get that far; these sets
    are harder than what people ask. `says`: one in ten does not, nor do nineteen in twenty without
    an answer.
    """
    kinds = np.array([sample.kind for sample in judged])
    yes, no = found[kinds == "golden"], found[kinds == "golden-none"]
    possibly = float(np.quantile(yes, 0.03))
    return max(float(np.quantile(yes, 0.1)), float(np.quantile(no, 0.95))), possibly


def report(judged: Sequence[Sample], found: Array, says: float, possibly: float) -> None:
    kinds = np.array([sample.kind for sample in judged])
    for kind in WEIGHT:
        mine = found[kinds == kind]
        shares = f"says {(mine >= says).mean():.2f}  refused {(mine < possibly).mean():.2f}"
        print(f"{kind:12} n {len(mine):4}  {shares}")
    golden = found[kinds == "golden"], found[kinds == "golden-none"]
    for share in (0.03, 0.05, 0.08, 0.1):
        at = float(np.quantile(golden[0], share))
        refused = [(found[kinds == kind] < at).mean() for kind in ("golden-none", "outside", "own")]
        print(
            f"refusing {share:.0%} of golden from {at:.3f}: none, outside, own",
            np.round(refused, 2),
        )
    for yes in ("golden", "own"):
        for no in ("golden-none", "outside"):
            print(f"area {yes} / {no}: {area(found[kinds == yes], found[kinds == no]):.3f}")


def written(fitted: Array, says: float, possibly: float) -> str:
    weights = zip(SIGNALS, fitted[1:], strict=True)
    content = {
        "fitted": datetime.now(tz=ZoneInfo("Asia/Shanghai")).date(),
        "note": "by benchmarks/fit_refusal.py, whose head says from what; not edited by hand",
        "bias": round(float(fitted[0]), 3),
        "weights": {name: round(float(weight), 3) for name, weight in weights if weight},
        "says": round(says, 3),
        "possibly": round(possibly, 3),
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits data/glossary/calibration.yaml.")
    parser.add_argument("--write", action="store_true", help="write the file, not only show it")
    golden = [ROOT / f"tests/golden/guidance-{name}.yaml" for name in DEVELOPMENT]
    with tempfile.TemporaryDirectory() as state:
        judged = list(samples(golden, Path(state)))
    found = unlearned(judged)
    says, possibly = tiers(judged, found)
    report(judged, found, says, possibly)
    text = written(fit(judged), says, possibly)
    print(text)
    if parser.parse_args().write:
        (ROOT / "data/glossary/calibration.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
