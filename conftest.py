"""Where doctests are not looked for: in the files that need the extra `teacher`, unless it is installed."""

from importlib.util import find_spec

collect_ignore = [
    f"models/splitter/teacher/{name}.py" for name in ("learning", "minilm", "network") if not find_spec("torch")
]
