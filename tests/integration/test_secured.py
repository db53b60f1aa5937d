"""A Kafka that takes only who it knows, over TLS: every verb works against it, and nothing else gets in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import make_authority, make_signed

from streams.broker import LocalBroker
from streams.broker.launch import free_port
from tests.integration.pipeline import Pipeline, sample_pages, tagged, timeless

pytestmark = pytest.mark.kafka

PASSWORD = "no word of any log"
LOGIN = "org.apache.kafka.common.security"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An authority, what it signed for broker and worker, and an authority that signed neither."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = make_authority(folder)
    signed = {name: make_signed(folder, name, authority) for name in ("broker", "worker")}
    return {"authority": authority, "stranger": make_authority(folder, "stranger"), **signed}


@pytest.fixture(scope="module")
def addresses() -> dict[str, str]:
    """Where the broker listens, by protocol, beside its plain port."""
    return {name: f"127.0.0.1:{free_port()}" for name in ("SASL_SSL", "SSL", "SASL_PLAINTEXT")}


@pytest.fixture(scope="module")
def secured(
    broker: LocalBroker,
    certificates: dict[str, Path],
    addresses: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalBroker]:
    """A broker with three more listeners; of SSL it wants our certificate. It needs the jars that `broker` has."""
    listeners = ",".join(f"{name}://{address}" for name, address in addresses.items())
    extra = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": ",".join(f"{name}:{name}" for name in addresses),
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates["broker"]),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates["authority"]),
        "listener.name.ssl.ssl.client.auth": "required",
    }
    for name in ("sasl_ssl", "sasl_plaintext"):
        extra |= {
            f"listener.name.{name}.plain.sasl.jaas.config": (
                f'{LOGIN}.plain.PlainLoginModule required user_plain="{PASSWORD}";'
            ),
            f"listener.name.{name}.scram-sha-256.sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule required;",
            f"listener.name.{name}.scram-sha-512.sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule required;",
        }
    users = [f"{kind}=[name={kind.lower()},password={PASSWORD}]" for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512")]
    options = [word for user in users for word in ("--add-scram", user)]
    local = LocalBroker(tmp_path_factory.mktemp("secured"), port=0, extra=extra, format_options=options)
    local.start(tied=True)
    yield local
    local.stop()


@pytest.fixture
def way(secured: LocalBroker, addresses: dict[str, str], certificates: dict[str, Path], tmp_path: Path) -> Any:
    """A pipeline whose commands go the way of a protocol: `way("SASL_SSL", "PLAIN")`."""

    def make(protocol: str, mechanism: str = "", password: str = PASSWORD, authority: str = "authority") -> Pipeline:
        environ = {
            "NEWSIEVE_BROKER": addresses[protocol],
            "NEWSIEVE_SECURITY_PROTOCOL": protocol,
            "NEWSIEVE_GROUP": f"workers-{protocol}-{mechanism}",
        }
        if protocol.endswith("SSL"):
            environ["NEWSIEVE_TLS_CA_FILE"] = str(certificates[authority])
        if protocol == "SSL":
            environ["NEWSIEVE_TLS_CERT_FILE"] = str(certificates["worker"])
        if mechanism:
            (tmp_path / "password").write_text(password + "\n")
            environ["NEWSIEVE_SASL_MECHANISM"] = mechanism
            environ["NEWSIEVE_SASL_USERNAME"] = mechanism.lower()
            environ["NEWSIEVE_SASL_PASSWORD_FILE"] = str(tmp_path / "password")
        return Pipeline(secured.bootstrap, tmp_path, environ)

    return make


WAYS = [
    ("SASL_SSL", "PLAIN", "at-least-once"),
    ("SASL_SSL", "SCRAM-SHA-256", "at-least-once"),
    ("SASL_SSL", "SCRAM-SHA-512", "exactly-once"),
    ("SASL_PLAINTEXT", "SCRAM-SHA-512", "at-least-once"),
    ("SSL", "", "exactly-once"),
]


@pytest.mark.parametrize(("protocol", "mechanism", "delivery"), WAYS)
def test_all_verbs_work(way: Any, protocol: str, mechanism: str, delivery: str) -> None:
    """Topics, feed, worker, subscribe with a group and dead letters, each over connections of this kind alone."""
    pipeline = way(protocol, mechanism)
    pipeline.environ["NEWSIEVE_DELIVERY"] = delivery
    pipeline.renew_topics()
    pages = sample_pages()[:2]
    with pipeline.worker():
        pipeline.feed(pages)
        pipeline.run("feed", "-", stdin=b'{"url": "u"}')
        pipeline.wait_for_outcomes(len(pages) + 1)
    shown = pipeline.subscribe("--every-sighting", "--group", f"readers-{protocol}-{mechanism}")
    assert {part["id"]: timeless(part) for part in shown} == tagged(pages)
    pipeline.run("dead", "--replay")
    assert b"not-page" in pipeline.run("dead", "--all").stdout
    assert pipeline.run("topics", "create").returncode == 0
    assert PASSWORD not in pipeline.log("worker")


REFUSED = {
    "a wrong password": (("SASL_SSL", "SCRAM-SHA-256", "wrong password"), "Authentication failed"),
    "an authority that did not sign the broker's certificate": (
        ("SASL_SSL", "PLAIN", PASSWORD, "stranger"),
        "CERTIFICATE_VERIFY_FAILED",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_is_refused_is_told_why_and_no_secret(way: Any, name: str) -> None:
    """A worker that Kafka or TLS refuses goes on trying, and says why without the password."""
    arguments, words = REFUSED[name]
    pipeline = way(*arguments)
    with pipeline.worker() as worker:
        pipeline.wait_for_log("worker", words)
        assert worker.poll() is None
    assert arguments[2] not in pipeline.log("worker")


def _plain(pipeline: Pipeline) -> None:
    """Have its commands speak without TLS, and say nothing of who they are."""
    with_nothing = {name: "" for name in pipeline.environ if "SASL" in name or "TLS" in name}
    pipeline.environ |= with_nothing | {"NEWSIEVE_SECURITY_PROTOCOL": "PLAINTEXT"}


def _tls_to_a_plain_port(pipeline: Pipeline) -> None:
    pipeline.environ["NEWSIEVE_BROKER"] = pipeline.bootstrap


WRONG_WAYS = {
    "no TLS on a port that wants it": (("SASL_SSL", "PLAIN"), _plain, "does it speak PLAINTEXT there?"),
    "no name on a port that wants one": (("SASL_PLAINTEXT", "PLAIN"), _plain, "does it speak PLAINTEXT there?"),
    "TLS on a port without": (("SSL", ""), _tls_to_a_plain_port, "does it speak SSL there?"),
    "a wrong password": (("SASL_SSL", "PLAIN", "wrong password"), None, "does not know us: check NEWSIEVE_SASL_"),
}
VERBS = [("worker",), ("feed", "-"), ("subscribe", "sport"), ("topics", "create"), ("dead",), ("dead", "--replay")]
"""The first four wait; the others leave."""


@pytest.mark.parametrize("name", WRONG_WAYS)
def test_who_speaks_to_kafka_the_wrong_way_is_told_what_to_check(way: Any, name: str) -> None:
    """Each verb says so in one line, without a traceback, and nothing is read or written."""
    arguments, astray, words = WRONG_WAYS[name]
    pipeline = way(*arguments)
    if astray:
        astray(pipeline)
    started = [(verb, pipeline.start(*verb)) for verb in VERBS]
    try:
        for verb, process in started:
            pipeline.wait_for_log(verb[0], words)
            assert verb in VERBS[:4] or process.wait(timeout=60) == 1
    finally:
        for _, process in started:
            process.kill()
            process.wait()
    for verb, _ in started:
        lines = pipeline.log(verb[0]).splitlines()
        assert [words in line for line in lines] == [True] * (2 if verb[0] == "dead" else 1), lines
