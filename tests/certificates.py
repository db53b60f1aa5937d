"""Certificates for tests, made by openssl: an authority, and what it signs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

DAYS = "2"


def openssl() -> str:
    """The command openssl; it may be missing on a laptop, not in CI."""
    found = shutil.which("openssl")
    if found is None and not os.environ.get("CI"):
        pytest.skip("openssl is not installed")
    assert found, "openssl must be installed in CI"
    return found


def make_authority(folder: Path, name: str = "authority") -> Path:
    """The certificate of a new authority, with its key beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    return _request(folder, name, "-x509", "-days", DAYS, "-addext", "basicConstraints=critical,CA:TRUE")


def make_signed(folder: Path, name: str, authority: Path, password: str = "") -> Path:
    """A certificate for this machine, followed by its key, in one PEM file; the key is encrypted given a password."""
    request = _request(folder, name)
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    signer = ["-CA", authority, "-CAkey", authority.with_suffix(".key"), "-CAcreateserial", "-days", DAYS]
    _run("x509", "-req", "-in", request, *signer, "-extfile", folder / "extensions", "-out", certificate)
    if password:
        _run("pkcs8", "-topk8", "-in", key, "-out", folder / "locked", "-passout", f"pass:{password}")
        key = folder / "locked"
    both = folder / f"{name}-and-key.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


def _request(folder: Path, name: str, *options: str) -> Path:
    out, key = folder / f"{name}.pem", folder / f"{name}.key"
    _run("req", "-newkey", "rsa:2048", "-noenc", "-subj", f"/CN={name}", "-keyout", key, "-out", out, *options)
    return out


def _run(*arguments: str | Path) -> None:
    done = subprocess.run([openssl(), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
