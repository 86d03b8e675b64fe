"""Arguments and options that several commands have, with what a shell may complete for them."""

from __future__ import annotations

from typing import Annotated

import typer

from cases import completing

CaseArgument = Annotated[
    str,
    typer.Argument(
        show_default=False,
        metavar="CASE",
        help="A case file, or the name of a shipped case (see `tertia cases`).",
        autocompletion=completing.cases,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        show_default=False,
        metavar="KEY=VALUE",
        help='Replace a value of the case, such as `--set electrolyte.temperature="273 K"`; may be repeated.',
        autocompletion=completing.assignments,
    ),
]
RunsArgument = Annotated[
    list[str],
    typer.Argument(
        show_default=False,
        metavar="RUN...",
        help="Run folders, or names of cases: then the newest run in runs/.",
        autocompletion=completing.runs,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: JSON on the standard output.")]
