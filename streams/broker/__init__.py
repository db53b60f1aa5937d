"""A real Apache Kafka on this machine from Python packages alone, for the demo, the tests and development.

with LocalBroker(folder, port=0) as broker:
    ...  # broker.bootstrap is its address

jars.py       the pinned jars            java.py      the Java that runs them
server.py     what Kafka is told         launch.py    how it is started
handshake.py  whether it serves          local.py     LocalBroker: start, stop, reset
folder.py     what lies where            console.py   Kafka's own command-line tools
"""

from models.errors import BrokerError
from streams.broker.console import console_tool
from streams.broker.jars import JarProgress, jars_folder, kafka_version, missing_jars
from streams.broker.local import DEFAULT_PORT, LocalBroker
from streams.broker.server import DEFAULT_MEMORY_MB, SHARED_SETTINGS, server_properties
from streams.broker.settings import broker_folder

__all__ = [
    "DEFAULT_MEMORY_MB",
    "DEFAULT_PORT",
    "SHARED_SETTINGS",
    "BrokerError",
    "JarProgress",
    "LocalBroker",
    "broker_folder",
    "console_tool",
    "jars_folder",
    "kafka_version",
    "missing_jars",
    "server_properties",
]
