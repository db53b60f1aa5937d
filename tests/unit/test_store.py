"""Artifacts: written together, and refused in one line, before anything is unpickled, when they do not fit."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import joblib
import orjson
import pytest
import sklearn
from sklearn.dummy import DummyClassifier

from models import store
from models.errors import ArtifactError

EXPLODED: list[str] = []


def explode(name: str) -> None:
    EXPLODED.append(name)


class Bomb:
    """Shows that it was unpickled."""

    def __reduce__(self) -> Any:
        return explode, ("boom",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good artifact that must not be unpickled unless it fits."""
    store.save("bomb", Bomb(), {"version": "1"}, tmp_path)
    EXPLODED.clear()
    return tmp_path


def change_card(folder: Path, **changes: object) -> None:
    path = folder / "bomb.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def refusal(folder: Path, name: str = "bomb") -> str:
    """The line it is refused with."""
    with pytest.raises(ArtifactError) as error:
        store.load(name, folder)
    assert EXPLODED == [], "nothing may be unpickled"
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_model_comes_back_with_its_card(tmp_path: Path) -> None:
    model = DummyClassifier(strategy="constant", constant=1).fit([[0], [1]], [0, 1])
    path = store.save("dummy", model, {"version": "7", "topics": ["sport"]}, tmp_path / "a" / "new" / "folder")
    loaded, card = store.load("dummy", path.parent)
    assert loaded.predict([[5]]).tolist() == [1]
    assert (card["version"], card["topics"], card["name"]) == ("7", ["sport"], "dummy")
    assert card == store.read_card("dummy", path.parent)


def test_two_models_of_one_trainer_have_versions_of_their_own(tmp_path: Path) -> None:
    """Records are to tell which model tagged them, whoever trained it and however often on a day."""
    for name, model in (("one", [1]), ("two", [2]), ("again", [1])):
        store.save("dummy", model, {"version": "2026.1"}, tmp_path / name)
    one, two, again = (store.version_of(store.load("dummy", tmp_path / name)[1]) for name in ("one", "two", "again"))
    assert one == again != two
    digest = hashlib.sha256((tmp_path / "one" / "dummy.joblib").read_bytes()).hexdigest()
    assert one == f"2026.1+{digest[:8]}"


def test_a_card_without_a_version_is_refused(folder: Path) -> None:
    change_card(folder, version=None)
    assert "not a model card" in refusal(folder)


def test_the_card_describes_the_file_beside_it(folder: Path) -> None:
    card, data = store.read_card("bomb", folder), (folder / "bomb.joblib").read_bytes()
    assert card["sha256"] == hashlib.sha256(data).hexdigest()
    assert card["bytes"] == len(data)
    assert card["versions"]["scikit-learn"] == sklearn.__version__
    assert set(card["versions"]) == {"python", "scikit-learn", "numpy", "scipy", "joblib"}


def test_what_is_measured_wins_over_what_the_trainer_says(tmp_path: Path) -> None:
    """A card that was read, changed and saved again must not carry the digest of the former binary."""
    old = {
        "version": "1",
        "sha256": "0" * 64,
        "bytes": 1,
        "name": "other",
        "versions": {"scikit-learn": "0.1"},
        "schema": "old",
    }
    store.save("dummy", [1], old, tmp_path)
    assert store.load("dummy", tmp_path)[0] == [1]


def test_the_bomb_goes_off_when_everything_fits(folder: Path) -> None:
    store.load("bomb", folder)
    assert EXPLODED == ["boom"]


def test_an_altered_binary_is_refused(folder: Path) -> None:
    binary = folder / "bomb.joblib"
    data = binary.read_bytes()
    binary.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert "bomb.joblib: sha256" in refusal(folder)


def test_another_pickle_under_the_same_name_is_refused(folder: Path) -> None:
    joblib.dump([Bomb()], folder / "bomb.joblib")
    refusal(folder)
    (folder / "bomb.joblib").write_bytes(pickle.dumps(Bomb()))
    refusal(folder)


def test_an_empty_binary_is_refused(folder: Path) -> None:
    (folder / "bomb.joblib").write_bytes(b"")
    refusal(folder)


def test_a_missing_file_is_told_by_its_path_and_what_to_do(folder: Path) -> None:
    (folder / "bomb.joblib").unlink()
    assert refusal(folder).startswith(f"{folder / 'bomb.joblib'}: cannot read the model (No such file or directory)")
    assert refusal(folder, "absent").startswith(f"{folder / 'absent.json'}: cannot read the model")
    assert "newsieve train" in refusal(folder, "absent")


def test_a_folder_in_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / "bomb.joblib").unlink()
    (folder / "bomb.joblib").mkdir()
    refusal(folder)


@pytest.mark.parametrize("versions", [{"scikit-learn": "0.24.2"}, {"scikit-learn": None}, {}, {"scikit-learn": 1}])
def test_another_scikit_learn_is_refused_by_both_versions(folder: Path, versions: dict[str, object]) -> None:
    change_card(folder, versions=versions)
    message = refusal(folder)
    assert f"made with scikit-learn {versions.get('scikit-learn')}, this is {sklearn.__version__}" in message


def test_another_python_or_numpy_alone_refuses_nothing(folder: Path) -> None:
    change_card(folder, versions={"scikit-learn": sklearn.__version__, "numpy": "1.0", "python": "3.1"})
    store.load("bomb", folder)


@pytest.mark.parametrize("versions", [None, [], "1.9.1", 5, [["scikit-learn", "1.9.1"]]])
def test_a_card_whose_versions_are_no_list_of_versions_is_refused(folder: Path, versions: object) -> None:
    change_card(folder, versions=versions)
    refusal(folder)


@pytest.mark.parametrize("sha256", [None, "", 5, ["a"], "0" * 64])
def test_a_card_with_no_digest_or_another_is_refused(folder: Path, sha256: object) -> None:
    change_card(folder, sha256=sha256)
    refusal(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"null", b"[]", b'"newsieve.card/1"', b"{}", b'{"schema": "newsieve.card/2"}',
     b'{"schema": "newsieve.card/1"}', b'{"schema": ["newsieve.card/1"]}'],
)  # fmt: skip
def test_a_broken_card_is_refused(folder: Path, content: bytes) -> None:
    (folder / "bomb.json").write_bytes(content)
    refusal(folder)


class Gone:
    """A class that a later newsieve no longer has."""


def test_a_model_of_another_newsieve_is_refused_in_one_line(tmp_path: Path) -> None:
    """The card fits, but what the pickle names is not there any more."""
    pickled = pickle.dumps(Gone()).replace(b"Gone", b"None")
    (tmp_path / "bomb.joblib").write_bytes(pickled)
    card = {
        "schema": store.CARD_SCHEMA,
        "version": "1",
        "sha256": hashlib.sha256(pickled).hexdigest(),
        "versions": store.library_versions(),
    }
    (tmp_path / "bomb.json").write_bytes(orjson.dumps(card))
    assert "bomb.joblib" in refusal(tmp_path)
