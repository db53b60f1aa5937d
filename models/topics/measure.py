"""Measures a classifier on the texts of a corpus that are there to measure on; what is counted stands in `evaluate`."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models import corpus as corpora
from models.errors import CorpusError
from models.labelled import LabelledText
from models.page import Verdict
from models.topics.evaluate import report, worst_mistakes
from models.topics.taxonomy import NOT_TOPICS

ENGLISH = "en"  # of labelled pages, those in other languages have no topics that an editor would expect of us

Classify = Callable[[Sequence[LabelledText]], Sequence[Verdict]]
"""Gives the verdict of each text, in order."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Labelled texts and what a classifier said of them."""

    texts: Sequence[LabelledText]
    verdicts: Sequence[Verdict]

    def figures(self) -> dict[str, Any]:
        """`evaluate.report` of the texts."""
        return report([text.id for text in self.texts], self._truths(), self.verdicts)

    def worst(self, most: int) -> list[tuple[LabelledText, dict[str, Any]]]:
        """The `most` confident of the mistakes: the text, and its row of `evaluate.worst_mistakes`."""
        places = [str(place) for place in range(len(self.texts))]  # ids of a corpus of one's own may be missing
        rows = worst_mistakes(places, self._truths(), self.verdicts, most)
        texts = [self.texts[int(row["id"])] for row in rows]
        return [(text, row | {"id": text.id}) for text, row in zip(texts, rows, strict=True)]

    def of_topics(self, known: Collection[str]) -> "Measured":
        """The texts whose primary topic is one of `known`, or is none: of others, no guess of a model can be right."""
        kept = [
            pair for pair in zip(self.texts, self.verdicts, strict=True) if pair[0].topics[0] in {*known, *NOT_TOPICS}
        ]
        return Measured([text for text, _ in kept], [verdict for _, verdict in kept])

    def _truths(self) -> list[Sequence[str]]:
        return [text.topics for text in self.texts]


def unknown_labels(texts: Iterable[LabelledText], known: Collection[str]) -> dict[str, int]:
    """Labels that are no topics of a model that knows `known`, in order → how many texts bear each."""
    counts = Counter(label for text in texts for label in {*text.topics} - {*known, *NOT_TOPICS})
    return dict(sorted(counts.items()))


def measure(corpus: Path, classify: Classify) -> dict[str, Measured]:
    """What `classify` says of the true parts of English gold pages of dev, and of the headlines of `topics/modern-dev`.

    Keys are `teasers`, `stories` and `headlines`, of a single JSONL too, whose rows with topics are the headlines;
    those without a text are left out. Raises `CorpusError` when there is none.
    """
    english = [page for page in corpora.gold_pages(corpus, "dev") if page.language == ENGLISH]
    parts = list(corpora.page_texts(english))
    sets = {
        "teasers": [text for text in parts if text.kind == "teaser"],
        "stories": [text for text in parts if text.kind == "story"],
        "headlines": corpora.texts(corpus, "modern-dev"),
    }
    if not any(sets.values()):
        raise CorpusError(f"{corpus}: no texts to evaluate topics on (gold-pages-dev, topics/modern-dev); see --corpus")
    return {name: Measured(texts, classify(texts)) for name, texts in sets.items() if texts}
