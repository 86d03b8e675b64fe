"""The one exception that bad input raises."""

from __future__ import annotations

from collections.abc import Iterable


class CaseError(Exception):
    """Bad input, told in the user's words.

    Attributes:
        problems: one sentence each; ``str(error)`` is one per line.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        """Take one sentence, or several."""
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))
