"""The list of topics is the one that newsieve promises, and any other well-formed list is read as well."""

import pytest

from models.errors import CorpusError
from models.topics.taxonomy import MEDIA_TOPICS, SLUG_LETTERS, Taxonomy
from streams.kafka_topics import parts_topic

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


def listed(*slugs: str) -> str:
    return "\n".join(f"[[topic]]\nslug = {slug}" for slug in slugs)


A_LIST = "a list of topics is TOML, two `[[topic]]` tables or more, each with a `slug`"


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("", f"fewer than two topics; {A_LIST}"),
        ("topic = 3", f"fewer than two topics; {A_LIST}"),
        ("topic = [3, 4]", f"topic 1: 3 is no table; {A_LIST}"),
        ("[[topic", "not TOML: "),
        (listed("'only'"), f"fewer than two topics; {A_LIST}"),
        ("[[topic]]\nname = 'no slug'\n" + listed("'b'"), "topic 1: `slug` is missing; it must be text"),
        (listed("'b'", "3"), "topic 2: `slug` is 3; it must be text"),
        (listed("'b'", "'a'") + "\nqcode = 3", "topic 2: `qcode` is 3; it must be text"),
        (listed("'a'", "'b'", "'a'"), "topic 3: `slug` is 'a', topic 1 has 'a'; Kafka needs two"),
        (listed("'a_b'", "'a.b'"), "topic 2: `slug` is 'a.b', topic 1 has 'a_b'; Kafka needs two"),
        (listed("'unclear'", "'b'"), "topic 1: `slug` is 'unclear', which newsieve keeps for "),
        (listed("'b'", "'promo'"), "topic 2: `slug` is 'promo', which newsieve keeps for "),
        (listed("'b'", "''"), "topic 2: `slug` is ''; it names a Kafka topic, and so must be 1 to 243 of the letters "),
        (listed("'b'", "'board games'"), "topic 2: `slug` is 'board games'; it names a Kafka topic"),
        (listed("'b'", "'échecs'"), "topic 2: `slug` is 'échecs'; it names a Kafka topic"),
        (listed("'b'", "'a/b'"), "topic 2: `slug` is 'a/b'; it names a Kafka topic"),
        (listed("'b'", f"'{'a' * 244}'"), "topic 2: `slug` is 'aaa"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_used_is_refused_with_what_is_wrong(toml: str, said: str) -> None:
    with pytest.raises(CorpusError) as error:
        Taxonomy.parse(toml)
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def test_the_longest_slug_makes_the_longest_name_that_kafka_takes() -> None:
    longest = "a" * SLUG_LETTERS
    assert longest in Taxonomy.parse(listed(f"'{longest}'", "'A.b-c_9'")).slugs
    assert len(parts_topic(longest)) == 249
