"""The teacher's network: the words of a line pooled, the line among its neighbours, one look over the page."""

import torch
from torch import Tensor, nn

from models.splitter.labels import LABELS

WIDTH = 384  # of MiniLM's vectors
HIDDEN, HEADS = 256, 8
DILATIONS = (1, 2, 4, 8, 16, 1)
PAGE_BEFORE = 2  # layer before which each line is told of its page
LOOK_BEFORE = 5  # layer before which each line looks at all others
DROPOUT, WORD_DROPOUT = 0.3, 0.1
LOUDEST = 15.0  # score of a word, so that its exponential stays in bounds


class Network(nn.Module):
    """Scores of every label for every line of some pages."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.word, self.query = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, HEADS)
        self.norm, self.enter = nn.LayerNorm(HIDDEN + WIDTH), nn.Linear(HIDDEN + WIDTH + features, HIDDEN)
        self.near = nn.ModuleList(nn.Conv1d(HIDDEN, HIDDEN, 3, padding=d, dilation=d) for d in DILATIONS)
        self.page, self.calm = nn.Linear(HIDDEN, HIDDEN), nn.LayerNorm(HIDDEN)
        self.far = nn.MultiheadAttention(HIDDEN, 4, dropout=0.1, batch_first=True)
        self.leave, self.drop = nn.Linear(2 * HIDDEN, len(LABELS)), nn.Dropout(DROPOUT)
        self.transitions = nn.Parameter(torch.zeros(len(LABELS), len(LABELS)))

    def forward(self, words: Tensor, counts: Tensor, features: Tensor, sizes: list[int]) -> Tensor:
        """(lines, labels) scores; `counts` are the words of each line, `sizes` the lines of each page."""
        lines = torch.cat([self.drop(self.norm(self._pooled(words, counts))), features], dim=1)
        first = nn.utils.rnn.pad_sequence(self.drop(self.enter(lines).relu()).split(sizes), batch_first=True)
        real = torch.arange(max(sizes)) < torch.tensor(sizes)[:, None]
        scores: Tensor = self.leave(torch.cat([self._in_context(first, real), first], dim=2))[real]
        return scores

    def _in_context(self, hidden: Tensor, real: Tensor) -> Tensor:
        """(pages, lines, HIDDEN) each line with what its neighbours and its page add to it."""
        mask = real[:, :, None].float()
        for depth, layer in enumerate(self.near):
            if depth == PAGE_BEFORE:
                hidden = hidden + self.page(hidden.sum(1) / mask.sum(1)).relu()[:, None] * mask
            if depth == LOOK_BEFORE:
                calm = self.calm(hidden)
                seen, _ = self.far(calm, calm, calm, key_padding_mask=~real, need_weights=False)
                hidden = hidden + self.drop(seen) * mask
            hidden = hidden + self.drop(layer(hidden.transpose(1, 2)).transpose(1, 2).relu()) * mask
        return hidden

    def _pooled(self, words: Tensor, counts: Tensor) -> Tensor:
        """(lines, HIDDEN + WIDTH) words of each line, weighted by what each head looks for, and their mean."""
        line = torch.repeat_interleave(torch.arange(len(counts)), counts)
        hidden = self.word(words).relu()
        seen = self.query(hidden).clamp(-LOUDEST, LOUDEST)
        if self.training:
            seen = seen.masked_fill(torch.rand(len(words), 1) < WORD_DROPOUT, -LOUDEST)
        weight = seen.exp() / torch.zeros(len(counts), HEADS).index_add(0, line, seen.exp())[line]
        heads = (weight[:, :, None] * hidden.view(len(words), HEADS, -1)).flatten(1)
        mean = torch.zeros(len(counts), WIDTH).index_add(0, line, words) / counts[:, None]
        return torch.cat([torch.zeros(len(counts), HIDDEN).index_add(0, line, heads), mean], dim=1)
