"""Where doctests are not looked for: in the files that need the extra `teacher`, unless it is installed."""

from importlib.util import find_spec

FOR_THE_TEACHER = [
    *(f"models/splitter/teacher/{name}.py" for name in ("learning", "minilm", "network")),
    "models/topics/finetuning.py",
]
collect_ignore = [] if find_spec("torch") else FOR_THE_TEACHER
