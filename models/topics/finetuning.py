"""MiniLM made to tell topics: all its layers learn, worth four points on unseen teasers beside a network behind it.

Training only, and only to renew the artifact `teacher`; needs the extra `teacher`. On one core an epoch of 43,000 texts
takes some five minutes.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.splitter.teacher import minilm
from models.splitter.teacher.learning import one_thread
from models.splitter.teacher.words import Tokens
from models.topics.encoder import WIDTH, opening
from models.topics.teacher import Floats, Judge, Tune

Progress = Callable[[str], None]
Places = NDArray[np.intp]

EPOCHS, TEXTS_AT_ONCE = 2, 64  # three gained nothing on dev, and were surer than right
RATE, HEAD_TIMES = 1.2e-4, 20  # the head starts from nothing, and so learns faster
WARM_UP, DECAY, BETAS, SLOPE_LIMIT = 0.06, 0.01, (0.9, 0.98), 1.0
MASKED = 0.08  # share of a training text's tokens that are hidden, so that no single word decides
DROPOUT, STRETCH = 0.1, 2.0
PADDING, MASK = 0, 103  # of the tokeniser's numbers; those up to MASK are its marks
LONGEST_CHARACTERS = 400  # hold the tokens that are read, and spare the tokeniser
ALIKE = 60  # batches that are drawn together, so that each has texts of one length
STEPS_AT_ONCE = 100  # between two words of progress


class Network(nn.Module):
    """Scores of every class for texts, given as padded tokens: MiniLM, the mean of its vectors, one layer."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        # torch's own attention is slower than the plain one at this size, its gradient by far.
        dropouts = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        self.bert = minilm.layers(attn_implementation="eager", **dropouts)
        self.bert.embeddings.requires_grad_(False)
        self.head = nn.Linear(WIDTH, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """(texts, classes) scores of (texts, tokens); products in bfloat16, three times as fast."""
        seen = tokens != PADDING
        with torch.autocast("cpu", torch.bfloat16):
            vectors = self.bert(tokens, attention_mask=seen.long()).last_hidden_state
        pooled = (vectors.float() * seen[..., None]).sum(1) / seen.sum(1, keepdim=True)
        scores: Tensor = self.head(STRETCH * nn.functional.dropout(pooled, DROPOUT, self.training))
        return scores


def tuning(progress: Progress = lambda _: None, epochs: int = EPOCHS) -> Tune:
    """A function that trains networks; the same seed gives the same network."""

    def tune(sentences: Sequence[str], targets: Floats, weights: Floats, seed: int) -> Judge:
        with one_thread():
            network = tuned(sentences, targets, weights, seed, epochs, progress)
        return lambda texts: judged(network, texts, progress)

    return tune


def tuned(
    sentences: Sequence[str], targets: Floats, weights: Floats, seed: int, epochs: int, progress: Progress
) -> Network:
    """A network that has learned `targets` (sentences, classes), each sentence by its weight."""
    torch.manual_seed(seed)
    random, tokens, network = np.random.default_rng(seed), tokens_of(sentences), Network(targets.shape[1])
    adam = optimiser(network)
    gold, shares = torch.from_numpy(targets.astype(np.float32)), torch.from_numpy(weights.astype(np.float32))
    batches = [batch for _ in range(epochs) for batch in batches_of(tokens, random)]
    losses = []
    for step, places in enumerate(batches):
        set_rate(adam, step / len(batches))
        losses.append(_step(network, adam, masked(padded([tokens[i] for i in places])), gold[places], shares[places]))
        if not (step + 1) % STEPS_AT_ONCE:
            progress(f"{step + 1} of {len(batches)} steps: loss {np.mean(losses[-STEPS_AT_ONCE:]):.4f}")
    network.eval()
    return network


def judged(network: Network, sentences: Sequence[str], progress: Progress = lambda _: None) -> Floats:
    """(sentences, classes) probabilities, in order."""
    tokens = tokens_of(sentences)
    found = np.zeros((len(tokens), network.head.out_features), dtype=np.float32)
    order = np.argsort([len(some) for some in tokens], kind="stable")
    with torch.inference_mode(), one_thread():
        for number, start in enumerate(range(0, len(order), TEXTS_AT_ONCE)):
            places = order[start : start + TEXTS_AT_ONCE]
            found[places] = torch.softmax(network(padded([tokens[i] for i in places])), -1).numpy()
            if not (number + 1) % STEPS_AT_ONCE:
                progress(f"{start + len(places)} of {len(order)} texts labelled")
    return found


def tokens_of(sentences: Sequence[str]) -> list[Tokens]:
    """The first tokens of each sentence."""
    read = minilm.tokenizer().encode_batch([sentence[:LONGEST_CHARACTERS] for sentence in sentences])
    return [opening(found.ids) for found in read]


def batches_of(tokens: Sequence[Tokens], random: np.random.Generator) -> Iterator[Places]:
    """All places once, those of texts alike in length together, in random order."""
    order, lengths = random.permutation(len(tokens)), np.array([len(some) for some in tokens])
    found: list[Places] = []
    for start in range(0, len(order), ALIKE * TEXTS_AT_ONCE):
        pool = order[start : start + ALIKE * TEXTS_AT_ONCE]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        found += [pool[k : k + TEXTS_AT_ONCE] for k in range(0, len(pool), TEXTS_AT_ONCE)]
    yield from (found[place] for place in random.permutation(len(found)))


def padded(tokens: Sequence[Tokens]) -> Tensor:
    """(texts, tokens), with `PADDING` after the end of each text."""
    return nn.utils.rnn.pad_sequence([torch.tensor(some) for some in tokens], batch_first=True, padding_value=PADDING)


def masked(tokens: Tensor) -> Tensor:
    """The tokens, a random share of them hidden; marks stay."""
    return torch.where((torch.rand(tokens.shape) < MASKED) & (tokens > MASK), MASK, tokens)


def optimiser(network: Network) -> torch.optim.AdamW:
    """Adam over what learns, the head at a rate of its own and free to grow."""
    parts = [
        {"params": [p for p in network.bert.parameters() if p.requires_grad], "weight_decay": DECAY, "times": 1},
        {"params": list(network.head.parameters()), "weight_decay": 0.0, "times": HEAD_TIMES},
    ]
    return torch.optim.AdamW(parts, betas=BETAS, fused=True)


def set_rate(adam: torch.optim.AdamW, done: float) -> None:
    """The rates when a share of all steps is done: up from nothing, then down to nothing."""
    rate = RATE * min(done / WARM_UP, (1 - done) / (1 - WARM_UP))
    for group in adam.param_groups:
        group["lr"] = rate * group["times"]


def _step(network: Network, adam: torch.optim.AdamW, tokens: Tensor, gold: Tensor, shares: Tensor) -> float:
    network.train()
    losses = nn.functional.cross_entropy(network(tokens), gold, reduction="none")
    loss = (losses * shares).sum() / shares.sum()
    adam.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), SLOPE_LIMIT)
    adam.step()
    return float(loss.detach())
