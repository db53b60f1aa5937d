"""Coroutine tests run in a loop of their own; runs with a Kafka need its jars."""

import asyncio
import inspect
import os

import pytest

from models.errors import BrokerError
from streams.broker import jars_folder
from streams.broker.jars import fetch_jars


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(scope="session")
def jars() -> None:
    """Kafka's jars. Without a network and without them that is a skip, but a failure in CI."""
    try:
        fetch_jars(jars_folder(os.environ))
    except BrokerError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Kafka: {error}")
