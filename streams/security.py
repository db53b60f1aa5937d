"""How Kafka is reached: addresses, TLS and who we are, in the one form that every client of ours is given."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from models.errors import SettingsError

if TYPE_CHECKING:
    from streams.settings import Settings

PREFIX = "NEWSIEVE_"
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
MOST_SECRET_BYTES = 64 * 1024
"""A secret is a line; a file that holds more was named by mistake."""


@dataclass(frozen=True, slots=True)
class Security:
    """What protects the connections; each field is the environment variable `NEWSIEVE_<FIELD>`.

    Username and password may also stand in files, named by `NEWSIEVE_SASL_USERNAME_FILE` and
    `NEWSIEVE_SASL_PASSWORD_FILE`. Neither is ever printed.
    """

    security_protocol: str = "PLAINTEXT"
    """PLAINTEXT, SSL (which is TLS), SASL_PLAINTEXT or SASL_SSL."""

    sasl_mechanism: str = ""
    """PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""

    sasl_username: str = field(default="", repr=False)
    sasl_password: str = field(default="", repr=False)
    tls_ca_file: str = ""
    """Certificates that the brokers' are checked against, in PEM; without: those that the system trusts."""

    tls_cert_file: str = ""
    """Our own certificate, in PEM, for brokers that want one."""

    tls_key_file: str = ""
    """Its key, in PEM and not encrypted; without: it is in the certificate's file."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """What this environment says; raises `SettingsError` that names the variable and what it takes."""
        given = {field.name: environ.get(PREFIX + field.name.upper(), "").strip() for field in fields(cls)}
        for name in ("sasl_username", "sasl_password"):
            given[name] = _secret(environ, name)
        given["security_protocol"] = given["security_protocol"].upper() or "PLAINTEXT"
        given["sasl_mechanism"] = given["sasl_mechanism"].upper()
        for name, known in (("security_protocol", PROTOCOLS), ("sasl_mechanism", ("", *MECHANISMS))):
            if given[name] not in known:
                raise SettingsError(f"{_variable(name)}={given[name]!r}: must be {', '.join(filter(None, known))}")
        security = cls(**given)
        security._check()
        tls_context(security)  # what cannot be used is told at once
        return security

    @property
    def has_tls(self) -> bool:
        """Whether connections are encrypted and the brokers' certificates checked."""
        return self.security_protocol.endswith("SSL")

    @property
    def has_sasl(self) -> bool:
        """Whether we say who we are."""
        return self.security_protocol.startswith("SASL")

    def _check(self) -> None:
        """Refuse what lacks a part, and what would be left unused: a password sent nowhere is a mistake somewhere."""
        sasl = ("sasl_mechanism", "sasl_username", "sasl_password")
        tls = ("tls_ca_file", "tls_cert_file", "tls_key_file")
        groups = ((sasl, self.has_sasl, "SASL_PLAINTEXT or SASL_SSL"), (tls, self.has_tls, "SSL or SASL_SSL"))
        for name, used, wanted in ((name, used, wanted) for names, used, wanted in groups for name in names):
            if getattr(self, name) and not used:
                raise SettingsError(f"{_variable(name)} is set, but {self._protocol}: must be {wanted}")
        for name in sasl:
            if self.has_sasl and not getattr(self, name):
                raise SettingsError(f"{self._protocol} needs {_variable(name)}")
        if self.tls_key_file and not self.tls_cert_file:
            raise SettingsError(f"{_variable('tls_key_file')} needs {_variable('tls_cert_file')}")

    @property
    def _protocol(self) -> str:
        return f"{_variable('security_protocol')}={self.security_protocol}"


def client_options(settings: "Settings") -> dict[str, Any]:
    """Keyword arguments of any aiokafka client: where Kafka is, and how to speak to it."""
    security = settings.security
    options: dict[str, Any] = {
        "bootstrap_servers": settings.broker,
        "security_protocol": security.security_protocol,
        "ssl_context": tls_context(security),
    }
    if security.has_sasl:
        options["sasl_mechanism"] = security.sasl_mechanism
        options["sasl_plain_username"] = security.sasl_username
        options["sasl_plain_password"] = security.sasl_password
    return options


def credentials(settings: "Settings") -> Any:
    """The same for Faust, as its `broker_credentials`; None where nothing protects the connections."""
    from faust import SASLCredentials, SSLCredentials  # slow to import, and only workers need it

    security, context = settings.security, tls_context(settings.security)
    if security.has_sasl:
        return SASLCredentials(
            username=security.sasl_username,
            password=security.sasl_password,
            mechanism=security.sasl_mechanism,
            ssl_context=context,
        )
    return SSLCredentials(context=context) if context else None


def tls_context(security: Security) -> ssl.SSLContext | None:
    """What checks the brokers' certificates and their names; None without TLS.

    Raises `SettingsError` that names the variable when a file cannot be used.
    """
    if not security.has_tls:
        return None
    try:
        context = ssl.create_default_context(cafile=security.tls_ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise _unusable("tls_ca_file", security.tls_ca_file, error) from error
    if security.tls_cert_file:
        try:
            # An empty password: an encrypted key is refused, where without one OpenSSL would ask the terminal.
            context.load_cert_chain(security.tls_cert_file, security.tls_key_file or None, password="")
        except (OSError, ssl.SSLError) as error:
            names = f"{security.tls_cert_file} {security.tls_key_file}".strip()
            raise _unusable("tls_cert_file", names, error) from error
    return context


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _unusable(name: str, path: str, error: OSError) -> SettingsError:
    return SettingsError(f"{_variable(name)}: cannot use {path}: {error.strerror or error}")


def _secret(environ: Mapping[str, str], name: str) -> str:
    """The value of a variable, or the first line of the file that the variable with `_FILE` names."""
    given, path = environ.get(_variable(name), ""), environ.get(f"{_variable(name)}_FILE", "").strip()
    if given and path:
        raise SettingsError(f"{_variable(name)} and {_variable(name)}_FILE are both set; one is enough")
    return _first_line(f"{_variable(name)}_FILE", Path(path)) if path else given


def _first_line(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            line = file.read(MOST_SECRET_BYTES).split(b"\n")[0].rstrip(b"\r").decode("utf8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}={str(path)!r}: is no text") from error
    except OSError as error:
        raise SettingsError(f"{variable}={str(path)!r}: cannot be read: {error.strerror}") from error
    if not line:
        raise SettingsError(f"{variable}={str(path)!r}: its first line is empty")
    return line
