"""The language of a page is told from its text, whatever the text holds."""

import pycld2
import pytest

from models.language import DEFAULT, detect, in_latin_letters
from models.language import _code as code_of

CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng "
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su "
    "sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
ISO_639_1 = frozenset(CODES.split())
"""The codes of ISO 639-1."""

PAGES = {
    "en": "The harbour board approved the new ferry timetable on Monday after a long debate about winter crossings.",
    "de": "Der Hafenausschuss hat am Montag nach langer Debatte den neuen Fahrplan der Fähren gebilligt.",
    "fr": "Le conseil du port a approuvé lundi les nouveaux horaires des bacs après un long débat.",
    "es": "La junta del puerto aprobó el lunes el nuevo horario de los transbordadores tras un largo debate.",
    "ru": "Портовый совет в понедельник утвердил новое расписание паромов после долгих споров.",
    "ja": "港湾委員会は月曜日、長い議論の末にフェリーの新しい時刻表を承認した。",
    "zh": "港务委员会周一经过长时间讨论后批准了新的渡轮时刻表。",
    "he": "ועדת הנמל אישרה ביום שני את לוח הזמנים החדש של המעבורות לאחר דיון ארוך.",
}


def test_each_page_gets_its_language_in_order() -> None:
    assert detect(list(PAGES.values())) == list(PAGES)


@pytest.mark.parametrize("text", ["", " \n ", "12:30 – 45 %", "🎉", "\x00\x01", "\ud800"])
def test_text_without_letters_is_taken_for_english(text: str) -> None:
    assert detect([text]) == ["en"]


@pytest.mark.parametrize("stray", ["\x00", "\x1b[0m", "\ud800", "\uffff"])
def test_characters_that_the_detector_refuses_do_not_change_the_answer(stray: str) -> None:
    assert detect([stray + PAGES["de"]]) == ["de"]


def test_only_the_head_of_a_page_is_read() -> None:
    head = PAGES["fr"] * 30
    assert detect([head + PAGES["en"] * 200]) == detect([head]) == ["fr"]


@pytest.mark.parametrize("language", sorted({code for _, code in pycld2.LANGUAGES}))
def test_whatever_the_detector_says_becomes_a_code_of_iso_639_1(language: str) -> None:
    assert code_of([language]) in ISO_639_1
    assert code_of(["xx-Nkoo", "un", language]) == code_of([language])


@pytest.mark.parametrize("text", ["ߞߣߊ߬ ߞߊ߲ ߣߌ߫ ߞߊ߬ߙߊ߲", "ⵜⴰⵎⴰⵣⵉⵖⵜ ⵏ ⵍⵎⵖⵔⵉⴱ", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ"])
def test_a_text_that_goes_by_english_for_want_of_a_code_is_told_by_its_letters(text: str) -> None:
    assert detect([text * 9]) == [DEFAULT]
    assert not in_latin_letters(text)
    assert in_latin_letters(PAGES["en"] + " " + text)


def test_no_texts_have_no_languages() -> None:
    assert detect([]) == []
