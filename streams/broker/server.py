"""What Kafka is told: `server.properties`, its logging, and the flags of its Java."""

from collections.abc import Mapping

RECORD_LIMIT_BYTES = 34 * 1024 * 1024  # pages.dead takes records to 33 MiB; 1 MiB for keys, headers and framing
LOOPBACK = "127.0.0.1"

SHARED_SETTINGS: dict[str, str] = {
    # One node cannot hold copies: every topic that Kafka makes for itself has one.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # The defaults of 50 are for clusters; on one node they only make the first join of a group slow.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    # A group's first member is served at once rather than after waiting 3 s for others.
    "group.initial.rebalance.delay.ms": "0",
    # A group's place is kept for a year after its last member has left, not for a week: longer than any record.
    "offsets.retention.minutes": str(365 * 24 * 60),
    # A misspelt topic is an error, as on a production Kafka; `newsieve topics create` makes the right ones.
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(RECORD_LIMIT_BYTES),
    "replica.fetch.max.bytes": str(RECORD_LIMIT_BYTES),
    # Requests that wait are held in memory, 500 of them by default: with records of 33 MiB that ends a small server.
    # The least that Kafka accepts is one request of the largest size (socket.request.max.bytes, 100 MiB).
    "queued.max.request.bytes": str(100 * 1024 * 1024),
}
"""Settings of every one-node Kafka of this project: this broker's and docker-compose.yml's, held equal by a test."""

SMALL_SETTINGS: dict[str, str] = {
    "num.network.threads": "1",
    "num.io.threads": "2",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": str(4 * 1024 * 1024),  # the default of 128 MiB does not fit a small heap
}
"""Settings that spare memory and start time; none changes what a client can see."""

DEFAULT_MEMORY_MB = 512
"""Most that Java's heap may grow to. Idle, the process takes 210 MB; four clients that each sent three records of
33 MiB at once brought it to 600 MB, and ended a Kafka that had 256."""

LEAST_MEMORY_MB = 128  # with 96 it starts, and dies of the first 33 MiB record
ROOMY_FROM_MB = 1024
"""From this heap on, Kafka is set up for throughput (benchmarks) rather than for a fast start."""

LOG_CONFIGURATION = """\
<Configuration status="ERROR">
  <Appenders>
    <Console name="console" target="SYSTEM_OUT">
      <PatternLayout pattern="%d{ISO8601} %p %c{1}: %m%n"/>
    </Console>
  </Appenders>
  <Loggers>
    <Root level="ERROR"><AppenderRef ref="console"/></Root>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
  </Loggers>
</Configuration>
"""


def server_properties(port: int, controller_port: int, memory_mb: int, log_folder: str) -> dict[str, str]:
    """Return Kafka's settings: one KRaft node that is broker and controller, reachable from this machine alone.

    `log_folder` holds the records (what Kafka calls its log); relative to the folder that Kafka is started in.
    """
    network = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": log_folder,
    }
    return network | SHARED_SETTINGS | ({} if memory_mb >= ROOMY_FROM_MB else SMALL_SETTINGS)


LISTENER_LISTS = ("listeners", "advertised.listeners", "listener.security.protocol.map")
"""Settings that are lists, to which others are added rather than put in their place."""


def with_extra(settings: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with `extra` on top; listeners are added to those that are there.

    >>> with_extra({"node.id": "1", "listeners": "A://:1"}, {"node.id": "2", "listeners": "B://:2"})
    {'node.id': '2', 'listeners': 'A://:1,B://:2'}
    """
    added = {name: f"{settings[name]},{extra[name]}" for name in LISTENER_LISTS if name in settings and name in extra}
    return {**settings, **extra, **added}


def as_properties(settings: dict[str, str]) -> str:
    """Return the text of a `.properties` file.

    >>> print(as_properties({"node.id": "1"}), end="")
    node.id=1
    """
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def memory_flags(memory_mb: int) -> list[str]:
    """Return the flags for a heap of at most `memory_mb`, tuned for a fast start unless the heap is roomy.

    Measured on 2 cores, time until ready: 2.5 s with these flags, 4.1 s with Java's defaults.
    """
    heap = [f"-Xmx{memory_mb}m", "-XX:+ExitOnOutOfMemoryError"]
    if memory_mb >= ROOMY_FROM_MB:
        return heap
    return [*heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
