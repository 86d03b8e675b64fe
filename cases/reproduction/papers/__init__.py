"""The four papers, a module each."""

from __future__ import annotations

from cases.reproduction.paper import Paper
from cases.reproduction.papers.na2se_v import PAPER as NA2SE_V
from cases.reproduction.papers.nisb import PAPER as NISB
from cases.reproduction.papers.pbmp import PAPER as PBMP
from cases.reproduction.papers.vn import PAPER as VN


def papers() -> tuple[Paper, ...]:
    """All papers, in the order of papers.toml."""
    return (NISB, NA2SE_V, VN, PBMP)
