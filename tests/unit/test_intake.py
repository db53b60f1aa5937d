"""What Faust's inside is made to do otherwise, where a page depends on it."""

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka.errors import KafkaError
from fakes import run
from faust.types import TP
from mode.utils.queues import FlowControlEvent, FlowControlQueue

from streams.custody import Custody
from streams.intake import Valve, is_ours, take


def kept_when_opened_again(valve: FlowControlEvent) -> int:
    """How much of one item is in a queue behind the valve, once that was opened a second time."""

    async def open_twice() -> int:
        queue: Any = FlowControlQueue(flow_control=valve, clear_on_resume=True)
        valve.resume()
        await queue.put("a page")
        valve.resume()
        await asyncio.sleep(0)
        size: int = queue.qsize()
        return size

    return run(open_twice())


def test_a_page_that_waits_for_the_agent_is_there_after_a_second_rebalance() -> None:
    """Faust opens its valve after each, and throws away what waits behind it: the page would be lost."""
    assert kept_when_opened_again(Valve()) == 1
    assert kept_when_opened_again(FlowControlEvent()) == 0


class Unsure:
    """The metadata of the group's offsets, of which Kafka has nothing to say for a while."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    async def read(self, partitions: Sequence[TP]) -> Mapping[TP, str]:
        self.refusals -= 1
        if self.refusals >= 0:
            raise KafkaError("the coordinator is not available")
        return {}

    async def write(self, words: Mapping[TP, tuple[int, str]]) -> None:
        """Keep nothing."""

    def end(self, partition: TP) -> int:
        return 9


def test_a_batch_is_in_hand_however_often_kafka_refuses_to_say_who_had_it_before() -> None:
    """A batch that is not in hand is not delivered, and what is acknowledged after it would be committed over it."""
    message = SimpleNamespace(tp=TP("pages.raw", 0), offset=5, generation_id=1)
    app = SimpleNamespace(custody=Custody(), _consumer=SimpleNamespace(_thread=Unsure(3)))
    app.custody.assign({message.tp}, 1)
    assert run(take(app, [message])) is False
    assert is_ours(app, message)
