"""How Kafka is reached: every client is told the same, secrets are not printed, and half a configuration is refused."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from certificates import make_authority, make_signed

from models.errors import SettingsError
from streams.security import Security, client_options, credentials, tls_context
from streams.settings import Settings

SECRET = "correct horse; battery=staple"
SASL = {
    "NEWSIEVE_SECURITY_PROTOCOL": "sasl_plaintext",
    "NEWSIEVE_SASL_MECHANISM": "scram-sha-512",
    "NEWSIEVE_SASL_USERNAME": "alice",
    "NEWSIEVE_SASL_PASSWORD": SECRET,
}


def test_an_empty_environment_means_plain_connections() -> None:
    settings = Settings.from_env({"NEWSIEVE_SASL_PASSWORD": ""})
    assert settings.security == Security()
    assert client_options(settings) == {
        "bootstrap_servers": "localhost:9092", "security_protocol": "PLAINTEXT", "ssl_context": None,
    }  # fmt: skip
    assert credentials(settings) is None


def test_aiokafka_and_faust_are_told_the_same_user() -> None:
    settings = Settings.from_env(SASL)
    options, faust = client_options(settings), credentials(settings)
    assert options["sasl_mechanism"] == faust.mechanism.value == "SCRAM-SHA-512"
    assert options["sasl_plain_username"] == faust.username == "alice"
    assert options["sasl_plain_password"] == faust.password == SECRET
    assert options["security_protocol"] == faust.protocol.value == "SASL_PLAINTEXT"


def test_no_secret_is_printed() -> None:
    settings = Settings.from_env(SASL)
    for shown in (repr(settings), str(settings.security), repr(credentials(settings))):
        assert SECRET not in shown


def test_secrets_come_from_files_too(tmp_path: Path) -> None:
    """The first line of the file counts, whatever ends it; a secret may end with a space."""
    for ending in (b"", b"\n", b"\r\n", b"\nmore\n"):
        (tmp_path / "password").write_bytes(SECRET.encode() + b" " + ending)
        given = {**SASL, "NEWSIEVE_SASL_PASSWORD": "", "NEWSIEVE_SASL_PASSWORD_FILE": str(tmp_path / "password")}
        assert Settings.from_env(given).security.sasl_password == SECRET + " "


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown protocol": ({"NEWSIEVE_SECURITY_PROTOCOL": "TLS"}, "must be PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
    "an unknown mechanism": ({**SASL, "NEWSIEVE_SASL_MECHANISM": "GSSAPI"}, "must be PLAIN, SCRAM-SHA-256"),
    "no mechanism": ({**SASL, "NEWSIEVE_SASL_MECHANISM": ""}, "SASL_PLAINTEXT needs NEWSIEVE_SASL_MECHANISM"),
    "no password": ({**SASL, "NEWSIEVE_SASL_PASSWORD": ""}, "SASL_PLAINTEXT needs NEWSIEVE_SASL_PASSWORD"),
    "a password that is sent nowhere": (
        {**SASL, "NEWSIEVE_SECURITY_PROTOCOL": ""},
        "NEWSIEVE_SASL_MECHANISM is set, but NEWSIEVE_SECURITY_PROTOCOL=PLAINTEXT: must be SASL_PLAINTEXT or SASL_SSL",
    ),
    "an authority that is asked nothing": (
        {**SASL, "NEWSIEVE_TLS_CA_FILE": "ca.pem"},
        "NEWSIEVE_TLS_CA_FILE is set, but NEWSIEVE_SECURITY_PROTOCOL=SASL_PLAINTEXT: must be SSL or SASL_SSL",
    ),
    "a key without a certificate": (
        {"NEWSIEVE_SECURITY_PROTOCOL": "SSL", "NEWSIEVE_TLS_KEY_FILE": "key.pem"},
        "NEWSIEVE_TLS_KEY_FILE needs NEWSIEVE_TLS_CERT_FILE",
    ),
    "an authority that is not there": (
        {"NEWSIEVE_SECURITY_PROTOCOL": "SSL", "NEWSIEVE_TLS_CA_FILE": "nowhere.pem"},
        "NEWSIEVE_TLS_CA_FILE: cannot use nowhere.pem: No such file",
    ),
    "a certificate that is none": (
        {"NEWSIEVE_SECURITY_PROTOCOL": "SSL", "NEWSIEVE_TLS_CERT_FILE": __file__},
        "NEWSIEVE_TLS_CERT_FILE: cannot use",
    ),
    "a password twice": ({**SASL, "NEWSIEVE_SASL_PASSWORD_FILE": "x"}, "are both set; one is enough"),
    "a password in a file that is not there": (
        {**SASL, "NEWSIEVE_SASL_PASSWORD": "", "NEWSIEVE_SASL_PASSWORD_FILE": "nowhere"},
        "NEWSIEVE_SASL_PASSWORD_FILE='nowhere': cannot be read: No such file",
    ),
    "a password in a file that holds none": (
        {**SASL, "NEWSIEVE_SASL_PASSWORD": "", "NEWSIEVE_SASL_PASSWORD_FILE": "/dev/null"},
        "its first line is empty",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_work_is_refused_in_one_line_without_the_secret(name: str) -> None:
    environ, words = WRONG[name]
    with pytest.raises(SettingsError) as error:
        Settings.from_env(environ)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert SECRET not in str(error.value)


def test_certificates_and_names_of_brokers_are_checked(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    own = make_signed(tmp_path, "worker", authority)
    security = Security("SSL", tls_ca_file=str(authority), tls_cert_file=str(own))
    context = tls_context(security)
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert [found["subject"] for found in context.get_ca_certs()] == [((("commonName", "authority"),),)]
    settings = Settings(security=security)
    assert client_options(settings)["security_protocol"] == credentials(settings).protocol.value == "SSL"
    assert isinstance(credentials(settings).context, ssl.SSLContext)


def test_an_encrypted_key_is_refused_and_the_terminal_not_asked(tmp_path: Path) -> None:
    locked = make_signed(tmp_path, "worker", make_authority(tmp_path), password="long enough")
    with pytest.raises(SettingsError, match="NEWSIEVE_TLS_CERT_FILE: cannot use"):
        tls_context(Security("SSL", tls_cert_file=str(locked)))
