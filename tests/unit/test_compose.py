"""docker-compose.yml and the Dockerfile agree with the rest of the project; `make compose-test` runs them for real."""

import re
import struct
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from streams.broker.handshake import API_VERSIONS
from streams.broker.jars import kafka_version
from streams.broker.server import ROOMY_FROM_MB, SHARED_SETTINGS, server_properties
from streams.metrics import Metrics
from streams.security import Security
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
NOT_PASSED_ON = {"broker", "models", "security", "metrics_host", "metrics_port"}
"""What a container does not take from the shell: Kafka and Prometheus stand beside it, and folders are mounted."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf8"))["services"]


@pytest.fixture(scope="module")
def dockerfile() -> list[list[str]]:
    """The Dockerfile's instructions, each as its words."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf8").replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def variable(setting: str) -> str:
    """How the apache/kafka image spells a setting of server.properties.

    >>> variable("log.dirs")
    'KAFKA_LOG_DIRS'
    """
    return "KAFKA_" + setting.upper().replace(".", "_")


def test_the_compose_file_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("setting", "value"), SHARED_SETTINGS.items())
def test_kafka_has_the_local_brokers_settings(services: dict[str, Any], setting: str, value: str) -> None:
    assert str(services["kafka"]["environment"].get(variable(setting))) == value


def test_kafka_has_no_setting_that_the_local_broker_lacks(services: dict[str, Any]) -> None:
    given = {name for name in services["kafka"]["environment"] if name.startswith("KAFKA_")} - {"KAFKA_HEAP_OPTS"}
    assert given == {variable(name) for name in server_properties(9092, 29093, ROOMY_FROM_MB, "data")}


def test_kafka_is_the_version_that_is_pinned(services: dict[str, Any]) -> None:
    assert services["kafka"]["image"] == f"${{KAFKA_IMAGE:-apache/kafka:{kafka_version()}}}"


def test_what_is_published_is_on_loopback_alone_and_by_default_that_is_kafka(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert [name for name in published if "profiles" not in services[name]] == ["kafka"]
    assert services["kafka"]["ports"] == ["127.0.0.1:${KAFKA_PORT:-9092}:9092"]


def test_what_ends_by_itself_is_started_again(services: dict[str, Any]) -> None:
    """A worker that cannot go on leaves with exit code 1, and counts on it."""
    assert services["worker"]["restart"] == "unless-stopped"


def test_prometheus_asks_every_worker_at_the_port_where_it_serves(services: dict[str, Any]) -> None:
    asked = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text(encoding="utf8"))["scrape_configs"]
    (names,) = [job["dns_sd_configs"] for job in asked]
    assert names == [
        {"names": ["worker"], "type": "A", "port": services["worker"]["environment"]["NEWSIEVE_METRICS_PORT"]}
    ]


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    board = (ROOT / "monitoring/grafana/newsieve.json").read_text(encoding="utf8")
    exported = generate_latest(Metrics({}).registry).decode()
    there = set(re.findall(r"^(newsieve_\w+?)(?:_bucket|_created)?[{ ]", exported, re.MULTILINE))
    there |= {"newsieve_lag_records", "newsieve_ready", "newsieve_model_info", "newsieve_parts_total"}
    asked = {name.removesuffix("_bucket") for name in re.findall(r"newsieve_\w+", board)}
    assert asked <= there | {f"{name}_sum" for name in there} | {f"{name}_count" for name in there}
    assert len(asked) > 7


def test_clients_inside_and_outside_are_each_told_an_address_that_leads_to_kafka(services: dict[str, Any]) -> None:
    advertised = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    inside = services["worker"]["environment"]["NEWSIEVE_BROKER"].removeprefix("${KAFKA_BOOTSTRAP:-").removesuffix("}")
    assert advertised == [f"CONTAINERS://{inside}", "HOST://localhost:${KAFKA_PORT:-9092}"]


def test_the_health_check_asks_kafka_for_its_api_versions(services: dict[str, Any]) -> None:
    """Size, then key, version, correlation id and a client id of length -1, which is none."""
    (request,) = re.findall(r"printf '([\\0-7]+)'", services["kafka"]["healthcheck"]["test"][-1])
    sent = bytes(int(octal, 8) for octal in request.split("\\")[1:])
    size, key, version, _, client = struct.unpack(">ihhih", sent)
    assert (size, key, version, client) == (len(sent) - 4, API_VERSIONS, 0, -1)


def test_workers_start_when_kafka_is_healthy_and_its_topics_are_made(services: dict[str, Any]) -> None:
    assert services["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    assert services["worker"]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}


def test_any_number_of_containers_can_run_a_service(services: dict[str, Any]) -> None:
    assert not [name for name, service in services.items() if "container_name" in service]


@pytest.mark.parametrize("service", ["topics", "worker"])
def test_every_setting_of_newsieve_reaches_the_containers(services: dict[str, Any], service: str) -> None:
    """A variable without a value is taken from where compose runs, and left out when it is not set there."""
    names = [field.name for field in (*fields(Settings), *fields(Security)) if field.name not in NOT_PASSED_ON]
    passed_on = {PREFIX + name.upper() for name in (*names, "sasl_username_file", "sasl_password_file")}
    environment = services[service]["environment"]
    assert {name for name, value in environment.items() if value is None} == passed_on


@pytest.mark.parametrize("service", ["topics", "worker"])
def test_newsieves_containers_can_change_nothing(services: dict[str, Any], service: str) -> None:
    chosen = services[service]
    assert chosen["read_only"]
    assert chosen["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in chosen["security_opt"]


def test_every_stage_stands_on_the_base_that_the_build_argument_names(
    dockerfile: list[list[str]], services: dict[str, Any]
) -> None:
    (argument,) = [words[1] for words in dockerfile if words[0] == "ARG"]
    stages = {words[3] for words in dockerfile if words[0] == "FROM" and len(words) == 4}
    assert {words[1] for words in dockerfile if words[0] == "FROM"} - stages == {"${BASE}"}
    assert services["worker"]["build"]["args"] == {"BASE": f"${{PYTHON_IMAGE:-{argument.removeprefix('BASE=')}}}"}


def test_the_image_runs_newsieve_as_a_user_without_rights(dockerfile: list[list[str]]) -> None:
    last = {words[0]: words[1:] for words in dockerfile}
    assert last["ENTRYPOINT"] == ['["newsieve"]']
    assert all(int(number) > 0 for number in last["USER"][0].split(":"))


def test_the_image_installs_only_what_the_lock_vouches_for(dockerfile: list[list[str]]) -> None:
    installs = [" ".join(words) for words in dockerfile if words[0] == "RUN" and "install" in words]
    installs = [line for line in installs if "apt-get" not in line]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert installs[1].endswith("--no-deps --no-build-isolation .")


def test_the_builder_is_given_all_that_is_copied_and_no_more(dockerfile: list[list[str]]) -> None:
    copies = [words[1:-1] for words in dockerfile if words[0] == "COPY" and not words[1].startswith("--from=")]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf8").splitlines()
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == {
        p for paths in copies for p in paths
    }
    assert "*" in ignored
