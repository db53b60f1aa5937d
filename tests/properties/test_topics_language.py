"""Any text has exactly one language, a code of two letters, whatever stands beside it in the batch."""

from hypothesis import given
from hypothesis import strategies as st

from models.language import detect

anything = st.text(st.characters(), max_size=200)


@given(st.lists(anything, max_size=5))
def test_every_text_gets_a_code_of_two_letters_as_if_alone(texts: list[str]) -> None:
    codes = detect(texts)
    assert codes == [code for text in texts for code in detect([text])]
    assert all(len(code) == 2 and code.isalpha() and code.islower() for code in codes)
