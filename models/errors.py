"""What can go wrong, named by what happens next.

NewsieveError
├── PageError       the page goes to `pages.dead` under its slug; the next page is taken
├── ArtifactError   the start is refused: a model file is missing, altered or made with other versions
├── SettingsError   the start is refused: a setting cannot be used as given
├── CorpusError     training or evaluation stops: the labelled data cannot be used as it is
├── BrokerError     the program ends: Kafka cannot be started, reached or used as it is
├── DeliveryError   the worker leaves, and nothing of the batch is acknowledged: Kafka does not take it in time
└── TaggerError     the worker leaves, and nothing of the batch is acknowledged: no page can be tagged now
"""

from typing import Literal, get_args

Slug = Literal["not-utf8", "not-json", "not-page", "no-value", "no-text", "too-large", "is-html", "bug"]
"""Why a page is dead: the closed list that headers, metrics, logs and tests share."""

SLUGS: tuple[str, ...] = get_args(Slug)


class NewsieveError(Exception):
    """The root: every error this project raises on purpose, with a message a person can act on."""


class PageError(NewsieveError):
    """A page that cannot be tagged; `slug` says why in one word, `detail` in one line.

    `page_id` and `url` name the page where that much could be read of it.
    """

    def __init__(self, slug: Slug, detail: str, page_id: str | None = None, url: str | None = None) -> None:
        super().__init__(f"{slug}: {detail}")
        self.slug = slug
        self.detail = detail
        self.page_id = page_id
        self.url = url


class ArtifactError(NewsieveError):
    """A model that must not be loaded: missing, altered, or made with other library versions."""


class CorpusError(NewsieveError):
    """Labelled data that is missing or not laid out as expected."""


class SettingsError(NewsieveError):
    """A setting that cannot be used as given."""


class BrokerError(NewsieveError):
    """Kafka that cannot be started, reached or used as it is."""


class TaggerError(NewsieveError):
    """No page can be tagged now, whatever it is: nothing of the batch is acknowledged."""


class DeliveryError(NewsieveError):
    """Records that could not be delivered within the time allowed; nothing of their batch was acknowledged."""
