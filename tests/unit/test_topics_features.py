"""Features see words, pairs and pieces, never who published or wrote the text, and never the rest of the batch."""

import pytest

from models.page import Text
from models.topics.features import zones
from models.topics.leaks import stripped_bodies, stripped_headlines
from models.topics.tokens import folded, word_and_piece_grams


@pytest.mark.parametrize(
    "headline",
    [
        "Ferry captain wins title | Reuters",
        "Ferry captain wins title - BBC News",
        "Ferry captain wins title – The Example Times",
        "Ferry captain wins title — Harbour Gazette ...",
        "Ferry captain wins title - example.com",
        "Ferry captain wins title | Harbour FM",
        "BBC News | Ferry captain wins title",
        "Ferry captain wins title (Reuters)",
        "Ferry captain wins title - by Ann Example",
        "Ferry captain wins title",
    ],
)
def test_outlet_and_byline_leave_the_headline(headline: str) -> None:
    assert [h.strip() for h in stripped_headlines([headline])] == ["Ferry captain wins title"]


@pytest.mark.parametrize(
    "headline", ["City 2 - 1 United", "Ferry sinks - captain missing", "The day after: a guide", "Self-made, at 80"]
)
def test_a_headline_without_outlet_stays_whole(headline: str) -> None:
    assert stripped_headlines([headline]) == [headline]


@pytest.mark.parametrize(
    "head",
    [
        "WASHINGTON (AP) — ",
        "OSLO, Norway (Reuters) - ",
        "NEW DELHI: ",
        "PARIS — ",
        "Austin [Texas], April 3 (ANI): ",
        "BEIJING, Jan. 4 (Xinhua) -- ",
        "By Ann Example\n\n",
        "By ANN EXAMPLE and Bob van Test, Associated Press\n\n",
        "By Ann Example\nLONDON (AFP) - ",
        "(AP) ",
        "",
    ],
)
def test_byline_and_dateline_leave_the_body(head: str) -> None:
    assert [b.strip() for b in stripped_bodies([head + "The ferry sailed at dawn."])] == ["The ferry sailed at dawn."]


def test_a_body_that_only_looks_like_a_byline_stays_whole() -> None:
    bodies = ["By the time the ferry sailed, it rained.", "By Ann Example's own count, ten sailed."]
    assert stripped_bodies(bodies) == bodies


def test_stripping_one_text_never_eats_its_neighbour() -> None:
    assert stripped_bodies(["OSLO (AP) —", "", "By Ann Example", "Rain fell."]) == ["", "", "", "Rain fell."]
    assert stripped_headlines(["Rain |", "Sun | Reuters", ""])[1:] == ["Sun", ""]


def test_a_lead_is_as_long_with_byline_and_dateline_as_without() -> None:
    body = "The council voted twice on the ferry. " * 100
    with_head = Text("story", "Vote", "By Ann Example\n\nOSLO, Norway (AP) — " + body)
    assert zones([with_head]) == zones([Text("story", "Vote", body)])


def test_folding_drops_case_accents_and_possessives() -> None:
    assert folded(["Zoë’s CAFÉ", "Zoe's cafe"]).split() == [b"zoe", b"cafe"] * 2


def test_equal_words_hash_equally_wherever_they_stand() -> None:
    words, _ = word_and_piece_grams(["tide rises", "the tide", "tide"])
    plain = words.hashes[:, 0]
    assert plain[0] == plain[3] == plain[4] != plain[1]


def test_a_pair_is_told_by_both_its_words_and_their_order() -> None:
    words, _ = word_and_piece_grams(["new york", "new delhi", "old york", "york new", "new york"])
    pairs = words.hashes[::2, 1].tolist()
    assert pairs[0] == pairs[4]
    assert len(set(pairs)) == 4


def test_a_pair_of_words_never_crosses_two_texts() -> None:
    words, _ = word_and_piece_grams(["tide rises", "the tide", "tide"])
    assert words.valid[:, 1].tolist() == [True, False, True, False, False]


def test_pieces_are_the_stretches_of_three_to_five_bytes_of_each_word_with_its_edges() -> None:
    _, pieces = word_and_piece_grams(["tide", "a"])
    # " ti" to "de ", " tid" to "ide ", " tide" and "tide "; of "a" only " a ".
    assert pieces.valid.sum(axis=0).tolist() == [4 + 1, 3, 2]


def test_emoji_and_typographic_signs_are_no_words() -> None:
    words, _ = word_and_piece_grams(["🎉 – “…” № € ✔️"])
    assert words.segments.tolist() in ([], [0])  # the numero sign may be read as the letters it stands for
