"""The command line.

Commands import what they need when they run, so that ``--help``, ``cases`` and
``check`` answer at once and without DOLFINx. Exit codes: 0 done, 2 bad input,
3 solver gave up, 130 interrupted.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cases import folders, loader, ranks
from cases.errors import CaseError

DONE, BAD_INPUT, GAVE_UP, INTERRUPTED = 0, 2, 3, 130

# click's class, or that of the copy of click inside newer versions of typer.
_UsageError: type[Any] = typer.BadParameter.__bases__[0]

app = typer.Typer(
    name="tertia",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Simulate metal electrodeposition: ion transport, electrode kinetics, and an electrode that grows.

    Begin with `tertia cases`, then `tertia run na3sb_ni`.
    """,
)

CaseArgument = Annotated[
    str,
    typer.Argument(
        show_default=False,
        metavar="CASE",
        help="A case file, or the name of a shipped case (see `tertia cases`).",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        show_default=False,
        metavar="KEY=VALUE",
        help='Replace a value of the case, such as `--set electrolyte.temperature="273 K"`; may be repeated.',
    ),
]
RunsArgument = Annotated[
    list[str],
    typer.Argument(
        show_default=False,
        metavar="RUN...",
        help="Run folders, or names of cases: then the newest run in runs/.",
    ),
]


@app.callback(invoke_without_command=True)
def _program(
    show: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True)
    ] = False,
) -> None:
    if show:
        print(f"tertia {_version()}")
        raise typer.Exit(DONE)


@app.command()
def run(
    case: CaseArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            show_default=False,
            metavar="DIR",
            help="Run folder; by default runs/CASE, then runs/CASE-2.",
        ),
    ] = None,
    assign: SetOption = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, show_default=False, metavar="N", help="Stop after N time steps."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress display.")] = False,
    processes: Annotated[
        int | None,
        typer.Option(
            "-n", "--ranks", min=1, show_default=False, metavar="N", help="Number of processes (MPI ranks)."
        ),
    ] = None,
) -> None:
    """Run a case, then make its pictures.

    Use it like this:

    - `tertia run na3sb_ni` runs a shipped case into runs/na3sb_ni

    - `tertia run na3sb_ni -n 2` on two processes

    - `tertia run mine.toml --out try1 --set mesh.refine=2 --set stop.time="5 s"`

    - `tertia run mine.toml --steps 20` to see whether it starts well
    """
    from mpi4py import MPI  # starts MPI: only here

    comm = MPI.COMM_WORLD
    if processes not in (None, comm.size):
        raise CaseError(
            f"-n {processes}: use ./tertia, or mpirun -n {processes} python3 -m mpi4py -m cases run"
        )
    loaded = ranks.together(comm, lambda: loader.load(case, assign or ()))
    source = ranks.on_first(comm, lambda: loader.find(case))
    folder = ranks.on_first(comm, lambda: folders.new(folders.name_of(source), out))
    build = import_module("cases.build")  # DOLFINx: takes a second
    code: int = build.run_case(loaded, source, folder, max_steps=steps, quiet=quiet)
    if comm.rank == 0 and code in (DONE, GAVE_UP):
        try:
            _name_pictures(_post("pictures", "plot", folder))
        except CaseError as error:  # a run that ended before its first output
            _complain(*error.problems)
    raise typer.Exit(ranks.leave(code))


@app.command()
def cases(
    name: Annotated[
        str | None, typer.Argument(show_default=False, metavar="[NAME]", help="Print the file of this case.")
    ] = None,
) -> None:
    """List the shipped cases, or print one to begin your own with.

    Example: `tertia cases na3sb_ni > mine.toml`
    """
    if name is not None:
        print(loader.find(name).read_text(encoding="utf-8"), end="")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("case", style="bold", no_wrap=True)
    table.add_column("what it is")
    for known in loader.shipped():
        table.add_row(known, loader.load(known).title)
    Console().print(table)


@app.command()
def check(
    case: CaseArgument,
    assign: SetOption = None,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print the case as TOML, all defaults filled in.")
    ] = False,
) -> None:
    """Check a case without running it, and show what follows from its values.

    Use it like this:

    - `tertia check mine.toml`

    - `tertia check na3sb_ni --set geometry.islands.width="100 nm"` names the error
    """
    loaded = loader.load(case, assign or ())
    if toml:
        from cases.dump import dump

        print(dump(loaded), end="")
    else:
        from cases.overview import overview

        Console().print(overview(loaded))


@app.command()
def mesh(
    case: CaseArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", show_default=False, metavar="FILE", help="File to write; CASE_mesh.vtu by default."
        ),
    ] = None,
    assign: SetOption = None,
) -> None:
    """Write the mesh that a case starts from, to look at in ParaView."""
    loaded = loader.load(case, assign or ())
    target = out or Path(f"{folders.name_of(loader.find(case))}_mesh.vtu")
    if target.suffix != ".vtu":
        raise CaseError(f"--out {target}: expected a file that ends in .vtu")
    try:
        print(import_module("cases.build").mesh_case(loaded, target))
    except OSError as error:
        raise CaseError(f"{target}: cannot be written: {error.strerror}") from None


@app.command()
def plot(runs: RunsArgument) -> None:
    """Make the pictures of runs, finished or not.

    Example: `tertia plot runs/na3sb_ni`
    """
    found = [folders.find(name) for name in runs]
    for folder in found:
        _name_pictures(_post("pictures", "plot", folder))


@app.command()
def compare(
    runs: RunsArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            show_default=False,
            metavar="PATH",
            help="Picture or folder; beside the runs by default.",
        ),
    ] = None,
) -> None:
    """Put runs side by side in one picture.

    Example: `tertia compare bare_ni na3sb_ni`
    """
    if len(runs) < 2:
        raise CaseError(f"compare: {len(runs)} run is given, expected two or more")
    _name_pictures(_post("compare", "compare", [folders.find(name) for name in runs], out))


@app.command()
def stability(
    case: CaseArgument,
    assign: SetOption = None,
    json: Annotated[bool, typer.Option("--json", help="The numbers as JSON.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", show_default=False, metavar="FILE", help="Draw the growth rate into it."),
    ] = None,
) -> None:
    """Say which ripples of a flat electrode grow under a case, and how fast.

    Growth rate over the wavelength by linear stability analysis, with nothing run: the critical wavelength,
    the fastest one, and what they mean for the cell.
    """
    from cases.stability import run_stability

    if ranks.first():
        raise typer.Exit(run_stability(case, assign or (), json, plot))


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(show_default=False, metavar="[STUDY...]", help="Only these studies; see --list."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Coarser meshes, fewer cases.")] = False,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write",
            show_default=False,
            metavar="DIR",
            help="Write verification.md, its numbers and plots into this folder.",
        ),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also run the studies that need another program, such as PyBaMM.")
    ] = False,
    only_list: Annotated[bool, typer.Option("--list", help="Name the studies and run none.")] = False,
) -> None:
    """Compare the solver with closed forms, manufactured solutions and other programs.

    Prints a table (case, quantity, expected, got, error, order, source). Exit code 1 if a comparison fails.
    """
    from cases.verify import run_verify

    raise typer.Exit(ranks.leave(run_verify(names or (), quick, write, peers, only_list)))


@app.command()
def doctor() -> None:
    """Say which environment is in use, what is missing in it, and what makes it slow."""
    raise typer.Exit(import_module("cases.doctor").main())


@app.command()
def test() -> None:
    """Run the gates and the tests of this checkout (by the launcher: `./tertia test`)."""
    raise CaseError("tests are run by the launcher in a checkout: ./tertia test")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        return app(args=arguments, prog_name="tertia", standalone_mode=False) or DONE
    except CaseError as error:
        _complain(*error.problems)
    except _UsageError as error:
        if ranks.first():
            error.show()
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return ranks.leave(BAD_INPUT)


def _post(module: str, function: str, *arguments: object) -> list[Path]:
    """Call a function of postprocess; what it says about a run folder is bad input."""
    run_error: type[Exception] = import_module("postprocess.run").RunError
    try:
        made: list[Path] = getattr(import_module(f"postprocess.{module}"), function)(*arguments)
    except run_error as error:
        raise CaseError(str(error)) from None
    return made


def _name_pictures(pictures: Sequence[Path]) -> None:
    for picture in pictures:
        print(f"picture: {picture}")


def _complain(*sentences: str) -> None:
    """One line per sentence on the error stream, from rank 0 only."""
    if ranks.first():
        console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
        for sentence in sentences:
            console.print("error: ", style="bold red", end="")
            console.print(sentence)


def _version() -> str:
    project = Path(__file__).parent.parent / "pyproject.toml"
    if project.is_file():  # a checkout, installed or not
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return version("tertia")
