"""What Faust's inside is made to do otherwise, where a page depends on it."""

import asyncio
from typing import Any

from fakes import run
from mode.utils.queues import FlowControlEvent, FlowControlQueue

from streams.intake import Valve


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
