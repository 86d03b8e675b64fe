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

from cases import cli_files, cli_sweep, completing, folders, loader, machine, ranks
from cases.errors import CaseError
from cases.options import CaseArgument, JsonOption, RunsArgument, SetOption

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
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the newest checkpoint of a run: of --out, or of the newest run of the case.",
        ),
    ] = False,
    pictures: Annotated[
        bool, typer.Option(help="Whether to draw the pictures of the run at its end.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Run a case, then make its pictures.

    Use it like this:

    - `tertia run na3sb_ni` runs a shipped case into runs/na3sb_ni

    - `tertia run na3sb_ni -n 2` on two processes

    - `tertia run mine.toml --out try1 --set mesh.refine=2 --set stop.time="5 s"`

    - `tertia run mine.toml --steps 20` to see whether it starts well

    - `tertia run mine.toml --resume --set stop.time="9 s"` goes on where the newest run of it ended

    - `tertia run mine.toml --json | jq .summary.verdict` prints folder, summary and pictures as JSON
    """
    from mpi4py import MPI  # starts MPI: only here

    from cases.overview import notes

    comm = MPI.COMM_WORLD
    if processes not in (None, comm.size):
        raise CaseError(
            f"-n {processes}: use ./tertia, or mpirun -n {processes} python3 -m mpi4py -m cases run"
        )
    loaded = ranks.together(comm, lambda: loader.load(case, assign or ()))
    source = ranks.on_first(comm, lambda: loader.find(case))
    if resume:
        folder = ranks.on_first(comm, lambda: folders.to_resume(source, out))
        checkpoint = ranks.on_first(comm, lambda: import_module("cases.resuming").find(folder, loaded))
    else:
        folder = ranks.on_first(comm, lambda: folders.new(folders.name_of(source), out))
        checkpoint = None
    if comm.rank == 0:
        _note(*notes(loaded))
    build = import_module("cases.build")  # DOLFINx: takes a second
    code: int = build.run_case(
        loaded, source, folder, max_steps=steps, quiet=quiet or json, resume=checkpoint
    )
    made: list[Path] = []
    if comm.rank == 0 and pictures and code in (DONE, GAVE_UP):
        try:
            made = _post("pictures", "plot", folder)
        except CaseError as error:  # a run that ended before its first output
            _complain(*error.problems)
        except OSError as error:  # no place on the disk, say
            _complain(f"no pictures: {folder} cannot be written to: {error.strerror or error}")
    if comm.rank == 0 and json:
        print(machine.run(folder, code, made))
    elif comm.rank == 0:
        _name_pictures(made)
    raise typer.Exit(ranks.leave(code))


@app.command()
def cases(
    name: Annotated[
        str | None, typer.Argument(show_default=False, metavar="[NAME]", help="Print the file of this case.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the shipped cases, or print one.

    Use it like this:

    - `tertia cases`

    - `tertia cases na3sb_ni | less` reads one with its comments; `tertia new` begins one of your own
    """
    if name is not None:
        print(loader.find(name).read_text(encoding="utf-8"), end="")
        return
    if json:
        print(machine.cases(loader.shipped()))
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
    json: JsonOption = False,
) -> None:
    """Check a case without running it, and show what follows from its values.

    Use it like this:

    - `tertia check mine.toml`

    - `tertia check na3sb_ni --set geometry.islands.width="100 nm"` names the error

    - `tertia check mine.toml --json` prints values, derived numbers and problems as JSON
    """
    if json:
        text, code = machine.check(case, assign or ())
        print(text)
        raise typer.Exit(code)
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
    """Write the mesh that a case starts from, to look at in ParaView.

    Example: `tertia mesh bare_ni --set mesh.refine=2 --out fine.vtu`
    """
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
def report(runs: RunsArgument) -> None:
    """Write one HTML page per run: result, closures, pictures, curves, and a view of the cell over time.

    The page, RUN/report.html, holds everything it needs and opens without a network.

    Example: `tertia report runs/na3sb_ni`
    """
    for folder in [folders.find(name) for name in runs]:
        for page in _post("report", "report", folder):
            print(f"report: {page}")


@app.command()
def movie(
    runs: RunsArgument,
    field: Annotated[
        str | None,
        typer.Option(
            "--field",
            show_default=False,
            metavar="NAME",
            help="Field to show, such as `potential_V`; the concentration by default.",
        ),
    ] = None,
    fps: Annotated[float, typer.Option("--fps", help="Frames (outputs of the run) per second.")] = 8.0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            show_default=False,
            metavar="FILE",
            help="File to write, for one run; RUN/movie.mp4 by default.",
        ),
    ] = None,
) -> None:
    """Make a movie (mp4) of growth, in 2D or 3D: concentration, deposit, and curves up to the time shown.

    Example: `tertia movie bare_ni --fps 5`
    """
    if out is not None and len(runs) > 1:
        raise CaseError(f"--out {out}: {len(runs)} runs are given, expected one")
    for folder in [folders.find(name) for name in runs]:
        for made in _post("movie", "movie", folder, field, fps, out):
            print(f"movie: {made}")


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

    Example: `tertia stability bare_ni --set control.voltage="-0.05 V" --plot growth.pdf`
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
    json: JsonOption = False,
) -> None:
    """Compare the solver with closed forms, manufactured solutions and other programs.

    Prints a table (case, quantity, expected, got, error, order, source). Exit code 1 if a comparison fails.

    Use it like this:

    - `tertia verify --quick` all of them on coarse meshes, some minutes

    - `tertia verify --list`, then `tertia verify limits --write report`
    """
    from cases.verify import run_verify

    raise typer.Exit(ranks.leave(run_verify(names or (), quick, write, peers, only_list, json=json)))


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            show_default=False, metavar="[PAPER...]", help="nisb, na2se_v, vn, pbmp; all by default."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Symmetric cells only: no growing cells, no sensitivity table.")
    ] = False,
    growing: Annotated[
        bool, typer.Option("--growing/--no-growing", help="Run the growing cells too; some take an hour.")
    ] = True,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write",
            show_default=False,
            metavar="DIR",
            help="Write reproduction.md, its numbers and CSV files into this folder.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Put the figures of the four papers beside those of the simulation.

    Prints a table per paper (quantity, paper, Tertia, error, and whether it is fitted or predicted), what was
    fitted, and how many predictions are within 25 %. Exit code 1 if a cell could not be run.

    Example: `tertia reproduce pbmp --quick`
    """
    from cases.reproduce import run_reproduce

    raise typer.Exit(ranks.leave(run_reproduce(names or (), quick, write, json, growing)))


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, within ten minutes.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", show_default=False, metavar="NAME", help="Run this entry and the base only."),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="First install from PyPI the programs to compare with.")
    ] = False,
    json: Annotated[
        Path | None,
        typer.Option("--json", show_default=False, metavar="FILE", help="Write all results into it."),
    ] = None,
) -> None:
    """Time a common problem in Tertia and in other programs, in turn, and compare their answers.

    Prints a table per size (processor time, ratio to a bare DOLFINx script, memory, error of the current).
    Programs that are not installed are named. Exit code 1 if an answer is wrong.

    Example: `tertia bench --quick --json bench.json`
    """
    from cases.bench import run_bench

    raise typer.Exit(run_bench(quick, only or (), install, json))


@app.command()
def doctor(json: JsonOption = False) -> None:
    """Say which environment is in use, what is missing in it, and what makes it slow.

    Example: `tertia doctor --json > machine.json`, to send along with a question
    """
    raise typer.Exit(import_module("cases.doctor").report(json))


app.command()(cli_sweep.sweep)
app.command()(cli_files.new)
app.command()(cli_files.schema)
app.command()(cli_files.completion)


@app.command()
def test() -> None:
    """Run the gates and the tests of this checkout (by the launcher: `./tertia test`)."""
    raise CaseError("tests are run by the launcher in a checkout: ./tertia test")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if completing.asked():
        completing.prepare()
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
        _say("error: ", "bold red", sentences)


def _note(*sentences: str) -> None:
    """What is allowed, but may not be what one wants: on the error stream."""
    _say("note: ", "bold yellow", sentences)


def _say(head: str, style: str, sentences: Sequence[str]) -> None:
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    for sentence in sentences:
        console.print(head, style=style, end="")
        console.print(sentence)


def _version() -> str:
    project = Path(__file__).parent.parent / "pyproject.toml"
    if project.is_file():  # a checkout, installed or not
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return version("tertia")
