"""The list of topics is the one that newsieve promises, and any other well-formed list is read as well."""

import pytest

from models.errors import CorpusError
from models.topics.taxonomy import MEDIA_TOPICS, Taxonomy

PROMISED = {
    "arts_culture_entertainment": "medtop:01000000",
    "conflict_war_peace": "medtop:16000000",
    "crime_law_justice": "medtop:02000000",
    "disaster_accident": "medtop:03000000",
    "economy_business_finance": "medtop:04000000",
    "education": "medtop:05000000",
    "environment": "medtop:06000000",
    "health": "medtop:07000000",
    "human_interest": "medtop:08000000",
    "international_relations": "medtop:20000638",
    "labour": "medtop:09000000",
    "lifestyle_leisure": "medtop:10000000",
    "politics": "medtop:11000000",
    "religion": "medtop:12000000",
    "science": "medtop:13000000",
    "society": "medtop:14000000",
    "sport": "medtop:15000000",
    "technology": "medtop:20000756",
    "weather": "medtop:17000000",
}


def test_the_shipped_list_is_the_promised_nineteen_with_their_qcodes() -> None:
    assert Taxonomy.parse(MEDIA_TOPICS.read_text("utf-8")).qcodes == PROMISED


def test_a_list_of_ones_own_needs_slugs_alone() -> None:
    taxonomy = Taxonomy.parse('[[topic]]\nslug = "chess"\n[[topic]]\nslug = "go"\nname = "The game of go"')
    assert [(t.slug, t.qcode, t.name) for t in taxonomy.topics] == [
        ("chess", "chess", "chess"),
        ("go", "go", "The game of go"),
    ]


@pytest.mark.parametrize(
    "toml",
    [
        "",
        "topic = 3",
        "[[topic",
        '[[topic]]\nname = "no slug"\n[[topic]]\nslug = "b"',
        '[[topic]]\nslug = "only"',
        '[[topic]]\nslug = "twice"\n[[topic]]\nslug = "twice"',
        '[[topic]]\nslug = "unclear"\n[[topic]]\nslug = "b"',
        '[[topic]]\nslug = 3\n[[topic]]\nslug = "b"',
    ],
)
def test_a_list_that_cannot_be_learned_is_refused(toml: str) -> None:
    with pytest.raises(CorpusError):
        Taxonomy.parse(toml)
