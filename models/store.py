"""Artifacts: a `.joblib` for the machine and a JSON card for the eye, written together and checked before unpickling.

Unpickling runs code, so nothing is unpickled unless the file's sha256 stands in its card and the card names the
scikit-learn of this environment. This and `corpus` are the only modules of `models` that open files.
"""

import hashlib
import io
import platform
from pathlib import Path
from typing import Any, TypeGuard

import joblib
import numpy
import orjson
import scipy
import sklearn

from models.errors import ArtifactError

SHIPPED = Path(__file__).parent / "artifacts"
"""Folder of the models that come with newsieve."""

CARD_SCHEMA = "newsieve.card/1"

DIGEST_LETTERS = 8  # of a sha256, in a version: that two of a thousand models share them has odds of 1 in 8,600


def library_versions() -> dict[str, str]:
    """Versions that decide whether an artifact can be read, and those that explain a difference in scores."""
    return {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "joblib": joblib.__version__,
    }


def save(name: str, model: object, card: dict[str, Any], folder: Path) -> Path:
    """Write `<name>.joblib` and `<name>.json` to `folder` and return the card's path.

    `card` holds what the trainer knows (version, corpus digest, seed, topics, scores, sources); the sha256, the size
    and the library versions are added here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / f"{name}.joblib"
    joblib.dump(model, binary, compress=("zlib", 9))
    data = binary.read_bytes()
    measured = {
        "schema": CARD_SCHEMA,
        "name": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "versions": library_versions(),
    }
    path = folder / f"{name}.json"
    path.write_bytes(orjson.dumps(card | measured, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return path


def read_card(name: str, folder: Path = SHIPPED) -> dict[str, Any]:
    """Return the card of artifact `name`; raises `ArtifactError` when it is missing or is not a card."""
    path = folder / f"{name}.json"
    try:
        card = orjson.loads(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from error
    except orjson.JSONDecodeError as error:
        raise ArtifactError(f"{path}: not a model card: {error}") from error
    if not _is_card(card):
        raise ArtifactError(f"{path}: not a model card of schema {CARD_SCHEMA}")
    return card


def _is_card(card: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it has what is read of every card."""
    wanted = {"versions": dict, "sha256": str, "version": str}
    known = isinstance(card, dict) and card.get("schema") == CARD_SCHEMA
    return known and all(isinstance(card.get(name), kind) for name, kind in wanted.items())


def version_of(card: dict[str, Any]) -> str:
    """What records call the model of a card: the version its trainer gave, and the start of its file's sha256.

    The first is that of all models trained by one release; the second tells them apart, whoever trained them.

    >>> version_of({"version": "2026.11.3", "sha256": "d59ff76323c8b66d"})
    '2026.11.3+d59ff763'
    """
    return f"{card['version']}+{card['sha256'][:DIGEST_LETTERS]}"


def load(name: str, folder: Path = SHIPPED) -> tuple[Any, dict[str, Any]]:
    """Return the model `name` and its card.

    Raises `ArtifactError`, before anything is unpickled, when a file is missing, when the binary is not the one that
    the card describes, or when it was made with another scikit-learn; and when its classes are not those of this code.
    """
    card = read_card(name, folder)
    binary = folder / f"{name}.joblib"
    try:
        data = binary.read_bytes()
    except OSError as error:
        raise _unreadable(binary, error) from error
    _check_digest(binary, data, card)
    _check_versions(binary, card)
    return _unpickled(binary, data), card


def _unpickled(binary: Path, data: bytes) -> Any:
    try:
        return joblib.load(io.BytesIO(data))
    except Exception as error:  # its digest is right, so it is not damaged
        raise ArtifactError(f"{binary}: made by another version of newsieve ({error!r}); train it again") from error


def _unreadable(path: Path, error: OSError) -> ArtifactError:
    return ArtifactError(
        f"{path}: cannot read the model ({error.strerror}); train it with `newsieve train` or reinstall"
    )


def _check_digest(binary: Path, data: bytes, card: dict[str, Any]) -> None:
    found, wanted = hashlib.sha256(data).hexdigest(), card["sha256"]
    if found != wanted:
        raise ArtifactError(f"{binary}: sha256 {found[:12]}… is not {wanted[:12]}… of its card; refused")


def _check_versions(binary: Path, card: dict[str, Any]) -> None:
    made_with = card["versions"].get("scikit-learn")
    if made_with != sklearn.__version__:
        raise ArtifactError(
            f"{binary}: made with scikit-learn {made_with}, this is {sklearn.__version__}; "
            "install that version or train again"
        )
