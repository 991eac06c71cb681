"""Numbers and messages as people read them."""

import math


def clock(seconds: float | None) -> str:
    """A duration as 0:07, 12:05, 3:02:09 or 4d 03h; a dash if it is not known."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d {hour:02}h"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def roughly(seconds: float) -> str:
    """A duration that is only an estimate: 40 s, 12 min, 3.5 h, 2.1 days."""
    if seconds < 55:
        return f"{max(5, 5 * math.ceil(seconds / 5))} s"
    if seconds < 90 * 60:
        return f"{math.ceil(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def plural(number: int, noun: str) -> str:
    """1 run, 2 runs."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """The text on one line, each control character a space."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def ratio(value: float | None) -> str:
    """A score between 0 and 1 with three decimals; a dash if there is none."""
    return "–" if value is None else f"{value:.3f}"


def rate(value: float | None) -> str:
    """Images per second, three figures; a dash if not known."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}"
