"""Pages in, parts out: the one call that the agent, the command line and the benchmarks make."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models import age, identity, language, store
from models.page import Page, Part, Split, Story, Teaser, Text, Verdict

SERVED_LANGUAGES = frozenset({"en"})
"""Languages whose parts get a topic; parts of other pages are tagged with their language and are `unclear`."""

UNSERVED = Verdict("unclear")


def is_served(code: str, text: str) -> bool:
    """Whether a text, in the language of this code, gets a topic.

    >>> is_served("en", "A match"), is_served("de", "Ein Spiel"), is_served("en", "ᏣᎳᎩ")
    (True, False, False)
    """
    return code in SERVED_LANGUAGES and language.in_latin_letters(text)


class PageSplitter(Protocol):
    """Cuts a micro-batch of pages."""

    def split(self, pages: Sequence[Page]) -> list[Split]:
        """One split per page, in order."""


class TextClassifier(Protocol):
    """Classifies a micro-batch of texts."""

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        """One verdict per text, in order."""


class Languages(Protocol):
    """Tells the language of a micro-batch of texts."""

    def detect(self, texts: Sequence[str]) -> list[str]:
        """One ISO 639-1 code per text, in order."""


@dataclass(frozen=True, slots=True)
class Tagger:
    """Splits pages, classifies their parts and names them; `versions` is what records say of the models."""

    splitter: PageSplitter
    classifier: TextClassifier
    languages: Languages
    versions: dict[str, str]

    def tag(self, pages: Sequence[Page]) -> list[list[Part]]:
        """Parts of each page, the story first, then teasers in page order; an empty list where there are none.

        Many pages at once give what one by one would, only faster: features and models run over the whole batch.
        """
        splits = self.splitter.split(pages)
        contents = [_contents(split) for split in splits]
        languages = self.languages.detect([page.text for page in pages])
        served = [is_served(code, page.text) for code, page in zip(languages, pages, strict=True)]
        verdicts = iter(self._verdicts(contents, served))
        return [
            self._parts(page, found, language, [next(verdicts) for _ in found])
            for page, found, language in zip(pages, contents, languages, strict=True)
        ]

    def _verdicts(self, contents: Sequence[Sequence[Story | Teaser]], pages: Sequence[bool]) -> Iterable[Verdict]:
        """A verdict for each part of each page, in order; only those of served pages reach the classifier."""
        served = [serve for found, serve in zip(contents, pages, strict=True) for _ in found]
        parts = [part for found in contents for part in found]
        texts = [_text(part) for part, serve in zip(parts, served, strict=True) if serve]
        classified = iter(self.classifier.classify(texts) if texts else ())
        return [next(classified) if serve else UNSERVED for serve in served]

    def _parts(
        self, page: Page, found: Sequence[Story | Teaser], language: str, verdicts: Sequence[Verdict]
    ) -> list[Part]:
        ids = identity.part_ids(page, found)
        return [
            self._part(page, content, part_id, language, verdict)
            for content, part_id, verdict in zip(found, ids, verdicts, strict=True)
        ]

    def _part(self, page: Page, content: Story | Teaser, part_id: str, language: str, verdict: Verdict) -> Part:
        story = isinstance(content, Story)
        printed = content.date if isinstance(content, Story) else content.age
        return Part(
            id=part_id,
            item_id=part_id if story else identity.item_id(page.url, content.headline, part_id),
            page=page,
            kind=identity.kind_of(content),
            content=content,
            language=language,
            verdict=verdict,
            published_at=age.resolve(printed, page.fetched_at) if printed else None,
            models=self.versions,
        )


def _contents(split: Split) -> list[Story | Teaser]:
    return [*([split.story] if split.story else []), *split.teasers]


def _text(part: Story | Teaser) -> Text:
    return Text(identity.kind_of(part), part.headline, part.text)


def load_tagger(folder: Path) -> Tagger:
    """The tagger of the artifacts in `folder`; raises `ArtifactError` when one is refused."""
    splitter, splitter_card = store.load("splitter", folder)
    classifier, topics_card = store.load("topics", folder)
    versions = {"splitter": store.version_of(splitter_card), "topics": store.version_of(topics_card)}
    return Tagger(splitter, classifier, language, versions)
