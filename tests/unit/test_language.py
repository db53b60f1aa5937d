"""The language of a page is told from its text, whatever the text holds."""

import pytest

from models.language import detect

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


def test_no_texts_have_no_languages() -> None:
    assert detect([]) == []
