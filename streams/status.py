"""The worker's state over HTTP: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever keeps workers running.

Served from a thread of its own, so that a worker whose event loop is stuck still says so.

`/healthz` is for people and alerts first. It says 503 before the worker ends itself, and also while Kafka does not take
a delivery, which a new worker would have to wait for as well: whatever restarts workers by asking (a liveness probe)
should bear with it for longer than `NEWSIEVE_GIVE_UP_SECONDS`. Docker itself restarts no container for being unhealthy,
and the compose file has no health check on workers: a worker that cannot go on ends, and is restarted for that.
"""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from models.errors import SettingsError
from streams.settings import Settings
from streams.watchdog import Watchdog

PLAIN = "text/plain; charset=utf-8"

Answer = tuple[int, str, bytes]
"""Status, content type and body."""


class Status:
    """What a worker says of itself; `watchdog` is there once it runs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.watchdog: Watchdog | None = None

    def answer(self, path: str) -> Answer:
        """The answer to a GET of that path."""
        pages: dict[str, Callable[[], Answer]] = {
            "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(self._registry)),
            "/healthz": lambda: _verdict(self.trouble()),
            "/readyz": lambda: _verdict(self.trouble() or self.hindrance()),
        }
        return pages.get(path.partition("?")[0], lambda: (404, PLAIN, b"not found\n"))()

    def trouble(self) -> str:
        """Why it does not get on, where it has pages before it; empty when it does."""
        return self.watchdog.trouble() if self.watchdog else ""

    def hindrance(self) -> str:
        """Why it takes no pages now; empty when it does."""
        if self.watchdog is None:
            return "waiting for Kafka and its topics"
        if self.watchdog.health.sight is None:
            return "Kafka does not answer"
        return "" if self.watchdog.health.is_ready else "the group shares out its partitions"


def _verdict(trouble: str) -> Answer:
    return (503 if trouble else 200), PLAIN, (trouble or "ok").encode() + b"\n"


def serve(status: Status, settings: Settings) -> ThreadingHTTPServer:
    """A running server at the settings' address; raises `SettingsError` when it cannot be had."""

    class Handler(BaseHTTPRequestHandler):
        """Answers GET."""

        def do_GET(self) -> None:
            code, kind, body = status.answer(self.path)
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing: it is asked every few seconds."""

    place = settings.metrics_host, settings.metrics_port
    try:
        server = ThreadingHTTPServer(place, Handler)
    except OSError as error:
        raise SettingsError(f"no metrics at {place[0]}:{place[1]}: {error.strerror}; see --metrics") from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="status", daemon=True).start()
    return server
