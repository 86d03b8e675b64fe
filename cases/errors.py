"""The one exception that bad input raises."""

from __future__ import annotations

from collections.abc import Iterable


class CaseError(Exception):
    """Bad input, told in the user's words.

    Attributes:
        problems: one sentence each; ``str(error)`` is one per line. What cannot be printed (a file may hold
            line ends and terminal codes in its keys) is written as Python would.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        """Take one sentence, or several."""
        told = (problems,) if isinstance(problems, str) else problems
        self.problems: tuple[str, ...] = tuple(map(_printable, told))
        super().__init__("\n".join(self.problems))


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
