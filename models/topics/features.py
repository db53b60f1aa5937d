"""What the classifier reads of news texts: the hashes of words, word pairs and pieces of words, in two zones.

The zones of a text are its headline and the lead of its body. Bylines, datelines and outlet names are gone before
anything is hashed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.page import Text
from models.topics.leaks import stripped_bodies, stripped_headlines
from models.topics.tokens import Grams, word_and_piece_grams

LEAD_CHARACTERS = {"teaser": 600, "story": 1200}  # a blurb; about 200 words, which carry most of a story's topic
HEADLINE_CHARACTERS = 600  # to sort a long run of combining marks takes quadratic time
STRIPPED_CHARACTERS = 240  # room for byline and dateline, so that a lead is as long with them as without


def zones(texts: Sequence[Text]) -> list[str]:
    """Headline and lead of each text in turn, without byline, dateline and outlet: two strings a text.

    >>> zones([Text("teaser", "Sea level rises | Reuters", "OSLO (AP) - It rose.")])
    ['Sea level rises', 'It rose.']
    """
    headlines = stripped_headlines([text.headline[:HEADLINE_CHARACTERS] for text in texts])
    leads = [LEAD_CHARACTERS[text.kind] for text in texts]
    bodies = stripped_bodies([text.text[: lead + STRIPPED_CHARACTERS] for text, lead in zip(texts, leads, strict=True)])
    found = [""] * (2 * len(texts))
    found[::2] = headlines
    found[1::2] = [whole_words(body, lead) for body, lead in zip(bodies, leads, strict=True)]
    return found


def whole_words(text: str, characters: int) -> str:
    """At most `characters` of a text, cut between two words.

    >>> whole_words("calm sea tonight", 12)
    'calm sea'
    """
    return text if len(text) <= characters else text[: characters + 1].rpartition(" ")[0]


@dataclass(frozen=True, slots=True)
class TokenisedTexts:
    """A batch after its one hashing pass; segment `2 * i` is text i's headline, `2 * i + 1` the lead of its body."""

    count: int
    words: Grams
    pieces: Grams


def tokenised(texts: Sequence[Text]) -> TokenisedTexts:
    """Hash all texts of a batch at once."""
    return TokenisedTexts(len(texts), *word_and_piece_grams(zones(texts)))
