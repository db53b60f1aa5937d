"""Pages a second of the splitter on one core, beside a quick CRF, in one run: `--help` says how.

    python -m tests.benchmarks.bench_splitter --data ../shared/data

Both get the pages of `pages/dev` in style `main` as text, 64 at a time. The splitter cuts them into parts; the CRF only
labels their lines. Seconds are those of the processor; the two take turns at each micro-batch, and of all rounds each
micro-batch counts with its best time, so that whatever else the machine does falls on both or is left out. Their ratio
is what to compare across machines.
"""

import argparse
import tempfile
from pathlib import Path

from threadpoolctl import threadpool_limits

from models import corpus, store
from models.page import Page, lines_of
from tests.benchmarks.crf import train_crf
from tests.benchmarks.turns import Contestants, best_seconds, table

BATCH_PAGES = 64  # a worker's micro-batch
TRAINING_PAGES = 150  # of gold train: enough for the CRF's weights to be as many as they get


def main() -> None:
    """Measure and print the table."""
    given = arguments()
    pages = [
        Page(row["id"], row["url"], "\n".join(row["lines"]))
        for row in corpus.rows_of(given.data, "pages/dev")
        if row["style"] == given.style
    ]
    splitter, card = store.load("splitter")
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        label = train_crf(corpus.gold_pages(given.data, "train")[:TRAINING_PAGES], Path(folder))
        cutters: Contestants[Page] = {
            f"splitter {card['version']}": splitter.split,
            "quick CRF": lambda batch: [label([line.text for line in lines_of(page.text)]) for page in batch],
        }
        seconds = best_seconds(cutters, pages, BATCH_PAGES, given.rounds)
    print(table(seconds, len(pages), "pages"))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Pages a second of the splitter on one core, beside a quick CRF.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the labelled data")
    parser.add_argument("--style", default="main", help="flattening style of the pages")
    parser.add_argument("--rounds", type=int, default=7, help="times that each micro-batch is cut")
    return parser.parse_args()


if __name__ == "__main__":
    main()
