"""The map: which Kafka topic goes to which agent, and how Faust is set up so that nothing is lost."""

import logging
from typing import Any

import faust
from faust.types import TP

from streams import intake, lenient
from streams.agent import Agent
from streams.custody import Custody
from streams.kafka_topics import PAGES_TOPIC
from streams.security import credentials
from streams.settings import Settings
from streams.transactions import Transactions
from streams.work import Work

logger = logging.getLogger("newsieve.app")

COMMIT_SECONDS = 1.0
"""How often acknowledged offsets are committed: what a killed worker leaves to be repeated is little more than this."""

FETCH_BYTES = 2**20
"""What one fetch of one partition asks for, for each batch that is delivered together; a larger record comes alone.

With a backlog, a transaction then has its pages from one partition or two: otherwise there would be one for each.
"""

METADATA_MS = 30_000
"""How old a client's idea of Kafka topics may be: new partitions of `pages.raw` are seen after as long."""

LEAST_REQUEST_SECONDS = 90.0
"""How long Kafka may take to answer; Faust's own default."""

JOIN_SLACK_SECONDS = 10.0
"""A request to join a group is answered when the rebalance is over, and a little later."""


class _App(faust.App):
    def _create_directories(self) -> None:
        """Make no folder: Faust wants one for tables, and there are none."""


def create_app(settings: Settings, agent: Agent, work: Work, transactions: Transactions | None = None) -> faust.App:
    """A Faust app with the one agent bound to `pages.raw`; with transactions, these commit and Faust does not.

    The pages come as raw bytes, one record at a time, to one agent: a typed Kafka topic drops what it cannot decode,
    and with more than one agent Faust can commit an offset that is not acknowledged yet.
    """
    lenient.install()
    longest_wait = max(settings.session_timeout_seconds, settings.rebalance_seconds) + JOIN_SLACK_SECONDS
    app = _App(
        settings.group,
        broker=[f"kafka://{address}" for address in settings.broker.split(",")],
        broker_credentials=credentials(settings),
        web_enabled=False,
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_buffer_maxsize=settings.take_pages,
        broker_max_poll_records=settings.take_pages,
        consumer_max_fetch_size=FETCH_BYTES * settings.take_pages // settings.batch_pages,
        broker_commit_interval=COMMIT_SECONDS,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.session_timeout_seconds / 4,
        broker_rebalance_timeout=settings.rebalance_seconds,
        broker_request_timeout=max(LEAST_REQUEST_SECONDS, longest_wait),
        consumer_metadata_max_age_ms=METADATA_MS,
    )
    intake.install(app, Custody(), work, transactions)
    pages = app.topic(PAGES_TOPIC, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    app.agent(pages, concurrency=1, name="pages")(agent)
    app.on_partitions_assigned.connect(_say_assigned)
    return app


def _say_assigned(_app: Any, /, *told: Any, signal: Any = None, **_: Any) -> None:
    assigned: set[TP] = told[0]
    partitions = ",".join(str(tp.partition) for tp in sorted(assigned) if tp.topic == PAGES_TOPIC)
    logger.info("taking %s[%s]", PAGES_TOPIC, partitions or "no partition: there are more workers than partitions")
