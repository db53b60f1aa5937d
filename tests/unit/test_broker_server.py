"""What the local Kafka is told."""

import re

import pytest

from models.errors import SettingsError
from streams.broker.server import (
    DEFAULT_MEMORY_MB,
    ROOMY_FROM_MB,
    SHARED_SETTINGS,
    as_properties,
    memory_flags,
    server_properties,
)
from streams.broker.settings import broker_folder, broker_memory_mb, broker_port
from streams.kafka_topics import BATCH_OVERHEAD_BYTES
from streams.settings import MAX_RECORD_BYTES


def test_every_address_that_kafka_listens_on_or_tells_is_the_loopback():
    settings = server_properties(9092, 9093, DEFAULT_MEMORY_MB, "data")
    addresses = [a for name in ("listeners", "advertised.listeners") for a in settings[name].split(",")]
    assert all(re.fullmatch(r"[A-Z]+://127\.0\.0\.1:909[23]", address) for address in addresses)


@pytest.mark.parametrize("memory_mb", [DEFAULT_MEMORY_MB, ROOMY_FROM_MB])
def test_the_settings_shared_with_compose_hold_whatever_the_memory(memory_mb: int):
    settings = server_properties(9092, 9093, memory_mb, "data")
    assert SHARED_SETTINGS.items() <= settings.items()


def test_kafka_takes_the_largest_record_of_the_contract():
    for name in ("message.max.bytes", "replica.fetch.max.bytes"):
        assert int(SHARED_SETTINGS[name]) >= MAX_RECORD_BYTES + BATCH_OVERHEAD_BYTES


def test_a_small_heap_starts_fast_and_a_roomy_one_is_left_to_java():
    assert "-XX:+UseSerialGC" in memory_flags(DEFAULT_MEMORY_MB)
    assert "-XX:+UseSerialGC" not in memory_flags(ROOMY_FROM_MB)


def test_properties_are_one_line_each():
    lines = as_properties(server_properties(9092, 9093, DEFAULT_MEMORY_MB, "data")).splitlines()
    assert all(line.count("=") == 1 and line == line.strip() for line in lines)


def test_the_port_is_that_of_newsieve_broker_when_it_is_on_this_machine():
    assert broker_port({}) == 9092
    assert broker_port({"NEWSIEVE_BROKER": "127.0.0.1:19092"}) == 19092


@pytest.mark.parametrize("address", ["kafka.example:9092", "localhost:9092,localhost:9093"])
def test_no_port_is_guessed_from_a_kafka_that_is_elsewhere(address: str):
    with pytest.raises(SettingsError, match="not on this machine alone"):
        broker_port({"NEWSIEVE_BROKER": address})


@pytest.mark.parametrize("memory", ["much", "64", "-512", "1e3"])
def test_a_memory_that_kafka_cannot_live_with_is_wrong_use(memory: str):
    with pytest.raises(SettingsError, match="NEWSIEVE_BROKER_MEMORY_MB"):
        broker_memory_mb({"NEWSIEVE_BROKER_MEMORY_MB": memory})


def test_the_folder_is_in_the_users_data_unless_one_is_chosen(tmp_path):
    assert broker_folder({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "newsieve" / "broker"
    assert broker_folder({"NEWSIEVE_BROKER_FOLDER": str(tmp_path)}) == tmp_path
