"""The subscribers of a run: newsieve's own subscriptions, alone and with a group that stops and comes back."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from models.errors import BrokerError
from streams.kafka_admin import wait_for_topics
from streams.kafka_topics import UNCLEAR
from streams.settings import Settings
from streams.subscribe import Subscription, parts
from tests.faults.history import History
from tests.faults.models import SLUGS
from tests.faults.patience import Patience


@dataclass
class Reader:
    """One subscription and what it was shown, in order."""

    name: str
    settings: Settings
    history: History
    group: str | None = None
    shown: list[str] = field(default_factory=list)
    runs: int = 0
    failures: list[str] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _ending: bool = False

    async def start(self) -> None:
        """Begin to read, from the beginning or from where the group stopped."""
        self._ending = False
        self._task = asyncio.create_task(self._read())
        self.runs += 1

    async def stop(self) -> None:
        """Stop in good order."""
        self._ending = True
        if self._task:
            await self._task

    async def restart(self) -> None:
        """Stop, and come back."""
        await self.stop()
        await self.start()

    async def _read(self) -> None:
        slugs = (*SLUGS, UNCLEAR)
        subscription = Subscription(slugs, from_beginning=True, group=self.group, every_sighting=True)
        await wait_for_topics(self.settings, [], lambda message: None)
        try:
            async with contextlib.aclosing(parts(self.settings, subscription, lambda: self._ending)) as stream:
                async for fields in stream:
                    self.shown.append(fields["id"])
        except (Exception, BrokerError) as error:  # noqa: BLE001 -- whatever it is, it must not come out of a subscription
            self.failures.append(f"subscription {self.name} ended: {type(error).__name__}: {error}")
            self.history.note("reader failed", name=self.name, error=repr(error))

    async def wait_for(self, ids: set[str], seconds: float) -> None:
        """Return once all the ids were shown, or the time is over."""
        patience = Patience(seconds)
        while not ids <= set(self.shown) and not self.failures:
            await asyncio.sleep(0.2)
            if await patience.is_over():
                return
