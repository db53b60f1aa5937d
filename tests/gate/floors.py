"""The floors: what each figure has to reach, on which rows that was measured, and how they are renewed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("floors.json")

MARGIN = 0.003
"""How far a floor lies below what was measured: a model trained again with another seed may move a figure so far."""

DIGITS = 4


@dataclass(frozen=True)
class Floors:
    """What is kept in `floors.json`. A floor is a least value, a ceiling a largest one: an error, a gap."""

    corpora: dict[str, str] = field(default_factory=dict)
    """Rows measured on → their digest."""
    floors: dict[str, float] = field(default_factory=dict)
    ceilings: dict[str, float] = field(default_factory=dict)
    lowered: list[dict[str, str | float]] = field(default_factory=list)
    """Each limit that was ever loosened: `measure`, `from`, `to`, `why`."""

    @property
    def limits(self) -> dict[str, float]:
        """Floors and ceilings by measure."""
        return self.floors | self.ceilings

    def missed(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Measure → by how much, of those figures that are on the wrong side of their limit."""
        limits = {name: limit for name, limit in self.limits.items() if name in measured}
        return {
            name: f"{measured[name]} is {'over' if name in self.ceilings else 'under'} {limit}"
            for name, limit in limits.items()
            if looser(name, measured[name], limit)
        }

    def renewed(self, measured: Mapping[str, float], corpora: Mapping[str, str], why: str | None) -> "Floors":
        """Floors at the figures measured, less the margin, where that is stricter; others stay.

        Without a reason `why`, raises ValueError where a figure misses its limit; with one, the limit is loosened, and
        that is written down. Limits and corpora that were not measured now stay as they are.
        """
        missed = self.missed(measured)
        if missed and not why:
            raise ValueError(f"no floor is lowered without --allow-lower 'the reason': {missed}")
        limits = self.limits
        for name, value in measured.items():
            wanted = with_margin(name, value)
            if name in missed or name not in limits or looser(name, limits[name], wanted):
                limits[name] = wanted
        loosened: list[dict[str, Any]] = [
            {"measure": name, "from": self.limits[name], "to": limits[name], "why": why or ""}
            for name in sorted(missed)
        ]
        return Floors(
            {**self.corpora, **corpora},
            {name: limits[name] for name in sorted(limits) if not is_ceiling(name)},
            {name: limits[name] for name in sorted(limits) if is_ceiling(name)},
            [*self.lowered, *loosened],
        )


def is_ceiling(measure: str) -> bool:
    """Whether less is better."""
    return measure.endswith((" ece", " style_gap"))


def looser(measure: str, value: float, limit: float) -> bool:
    """Whether `value` is worse than `limit`."""
    return value > limit if is_ceiling(measure) else value < limit


def with_margin(measure: str, value: float) -> float:
    """The limit for a figure that was measured."""
    return round(value + MARGIN, DIGITS) if is_ceiling(measure) else max(0.0, round(value - MARGIN, DIGITS))


def read() -> Floors:
    """The floors that are kept; none where there is no file yet."""
    return Floors(**json.loads(PATH.read_text(encoding="utf8"))) if PATH.exists() else Floors()


def write(floors: Floors) -> None:
    """Keep the floors."""
    PATH.write_text(json.dumps(asdict(floors), indent=1, ensure_ascii=False) + "\n", encoding="utf8")
