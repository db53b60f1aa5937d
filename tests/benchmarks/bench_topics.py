"""Teasers and stories a second of the topic classifier on one core, beside a linear one, in one run: `--help` says how.

    python -m tests.benchmarks.bench_topics --data ../shared/data

Both get the true teasers, then the true stories, of the labelled dev pages, 256 at a time. The peer is what one would
write first: scikit-learn's tf-idf of words, pairs and pieces of words, and a linear support vector machine. Seconds are
those of the processor; the two take turns. Their ratio is what to compare across machines.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from models import corpus, store
from models.page import Text
from models.topics.train import as_text
from tests.benchmarks.turns import Contestants, best_seconds, table

BATCH_TEXTS = 256
FEWEST_TEXTS = 1_000  # measured: a set with fewer is repeated
TRAINING_TEXTS = 10_000  # of the peer: enough for its vocabulary to be as large as it gets, nearly
Classify = Callable[[Sequence[Text]], object]


def main() -> None:
    """Measure and print the tables."""
    given = arguments()
    classifier, card = store.load("topics")
    with threadpool_limits(limits=1):
        linear = linear_classifier(given.data)
        contestants: Contestants[Text] = {f"topics {card['version']}": classifier.classify, "tf-idf, linear": linear}
        for kind, unit in (("teaser", "teasers"), ("story", "stories")):
            texts = dev_texts(given.data, kind)
            seconds = best_seconds(contestants, texts, BATCH_TEXTS, given.rounds)
            print(table(seconds, len(texts), unit))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description="Texts a second of the topics on one core, beside a linear classifier."
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the labelled data")
    parser.add_argument("--rounds", type=int, default=7, help="times that each micro-batch is classified")
    return parser.parse_args()


def dev_texts(data: Path, kind: str) -> list[Text]:
    """True parts of the labelled dev pages that are of one kind, repeated to be enough to time."""
    rows = list(corpus.page_texts(corpus.gold_pages(data, "dev")))
    texts = [as_text(row) for row in rows if row.kind == kind]
    return texts * -(-FEWEST_TEXTS // len(texts))


def linear_classifier(data: Path) -> Classify:
    """The peer, trained."""
    rows = corpus.texts(data, "modern")[:TRAINING_TEXTS]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True)
    model = make_pipeline(make_union(words, pieces), LinearSVC(C=0.5))
    model.fit([joined(as_text(row)) for row in rows], [row.topics[0] for row in rows])
    return lambda texts: model.predict([joined(text) for text in texts])


def joined(text: Text) -> str:
    """Headline and text as one string."""
    return f"{text.headline}\n{text.text}"


if __name__ == "__main__":
    main()
