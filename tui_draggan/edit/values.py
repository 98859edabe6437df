"""Kinds of parameters: a number in a range, one of some words; read from text and shown as text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tui_draggan.errors import UsageError

Value = str | int | float | None


@dataclass(frozen=True)
class Number:
    """A number in a range, ends included."""

    low: float
    high: float
    whole: bool = False
    absent: str | None = None
    """Word for None, where there may be no number at all."""

    @property
    def words(self) -> str:
        """The range as a person reads it: `1 to 64`."""
        return f"{self.low:.10g} to {self.high:.10g}"

    def problem(self, value: object) -> str | None:
        """What is wrong with a value, as `expected …`; None where it is good."""
        if value is None and self.absent is not None:
            return None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not self.low <= value <= self.high:  # type: ignore[arg-type,operator]
            return f"expected {self.words}"
        if self.whole and value != int(value):  # type: ignore[call-overload]
            return "expected a whole number"
        return None

    def parse(self, text: str) -> Value:
        """A number as typed; with any minus sign. Raises UsageError where it is none."""
        if self.absent is not None and text in ("", self.absent):
            return None
        try:
            number = float(text.replace("−", "-"))
        except ValueError:
            raise UsageError(f"{text!r} is not a number") from None
        return int(number) if self.whole and number.is_integer() else number

    def shown(self, value: Value) -> str:
        if value is None:
            return self.absent or ""
        return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class OneOf:
    """One of some words."""

    choices: tuple[str, ...]

    @property
    def words(self) -> str:
        return f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"

    def problem(self, value: object) -> str | None:
        return None if value in self.choices else f"expected {self.words}"

    def parse(self, text: str) -> Value:
        """Raises UsageError for any other word."""
        if text not in self.choices:
            raise UsageError(f"no {text!r} here; expected {self.words}")
        return text

    def shown(self, value: Value) -> str:
        return str(value)
