"""The command `sweep`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cases import machine
from cases.errors import CaseError
from cases.options import CaseArgument, JsonOption, SetOption
from cases.sweep import attempt, engine, plan, slurm, table
from cases.sweep.plan import Sweep

DONE, SOME_LEFT = 0, 1


def sweep(
    case: CaseArgument,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            show_default=False,
            metavar="KEY=A,B | KEY=LOW..HIGH",
            help="Values of a key, or a range of it; may be repeated. All combinations are run.",
        ),
    ] = None,
    assign: SetOption = None,
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples",
            min=1,
            max=plan.MOST,
            show_default=False,
            metavar="N",
            help="Runs of the Latin hypercube over the ranges.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Of the Latin hypercube.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            show_default=False,
            metavar="DIR",
            help="Folder of the sweep; by default sweeps/CASE, then sweeps/CASE-2.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            min=1,
            show_default=False,
            metavar="W",
            help="Runs at a time; as many as cores.",
        ),
    ] = None,
    ranks: Annotated[
        int, typer.Option("--ranks", min=1, metavar="N", help="Processes (MPI ranks) of each run.")
    ] = 1,
    array: Annotated[
        bool, typer.Option("--slurm", help="Run nothing; write the script of a SLURM job array.")
    ] = False,
    point: Annotated[
        int | None,
        typer.Option(
            "--point",
            min=1,
            show_default=False,
            metavar="K",
            help="Run number K alone: what that script does.",
        ),
    ] = None,
    collect: Annotated[
        bool, typer.Option("--collect", help="Run nothing; make table and maps of what there is.")
    ] = False,
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            show_default=False,
            metavar="COLUMN",
            help="Column of the table to draw over the varied keys; verdict and aspect ratio by default.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run a case many times with other values, and collect table and maps.

    The same command again, or `tertia sweep DIR`, continues: what is done is kept, all else runs again.
    Exit code 1 if a run is not done at the end.

    Use it like this:

    - `tertia sweep na3sb_ni --vary geometry.islands.pitch="60 nm,80 nm" --vary mesh.refine=1,2`

    - `tertia sweep bare_ni --vary kinetics.exchange_current_density="0.1 A/cm^2..10 A/cm^2 log" --samples 20`

    - `tertia sweep mine.toml --vary mesh.refine=1,2 --slurm`, then `sbatch sweeps/mine/array.sh`

    - `tertia sweep sweeps/mine --collect --map roughness_um`
    """
    found, continued = _find(case, vary or (), assign or (), samples, seed, out)
    if point is not None:
        raise typer.Exit(_single(found, point, ranks))
    screen = Console(highlight=False, markup=False, soft_wrap=True, quiet=json)
    if array:
        script = slurm.write(found, engine.left(found), ranks, workers)
        screen.print(
            f"{script}: a job array of {len(engine.left(found))} runs; submit it with: sbatch {script}"
        )
        screen.print(f"when it has ended: tertia sweep {found.folder} --collect")
        if json:
            print(machine.text({"folder": str(found.folder), "script": str(script)}))
        return
    if not collect:
        _run(found, continued, workers or max(1, engine.cores() // ranks), ranks, screen)
    raise typer.Exit(_conclude(found, maps, screen, json))


def _find(
    case: str, vary: Sequence[str], assign: Sequence[str], samples: int | None, seed: int, out: Path | None
) -> tuple[Sweep, bool]:
    """The sweep that is asked for, and whether it was begun before."""
    if (Path(case) / "sweep.json").is_file():
        if vary or assign or samples is not None or out is not None:
            raise CaseError(
                f"{case} is a sweep with its own plan, expected no --vary, --set, --samples, --out"
            )
        return plan.read(Path(case)), True
    made, files = plan.make(case, assign, vary, samples, seed)
    return plan.place(made, files, out)


def _single(found: Sweep, number: int, ranks: int) -> int:
    """One run, in a job of its own."""
    if number > len(found.plan.points):
        raise CaseError(f"--point {number}: expected at most {len(found.plan.points)}, the number of runs")
    if found.plan.points[number - 1].refused:
        raise CaseError([f"run {number}: {line}" for line in found.plan.points[number - 1].refused])
    print(f"{number}: {found.plan.describe(number)}", flush=True)
    attempt.run(str(found.folder), number, ranks, f"point {time.time()}")
    became = attempt.outcome(found, number)
    print(f"{number}: {_words(became)}")
    return DONE if became.status == "done" else SOME_LEFT


@dataclass
class _Progress:
    """Lines about runs as they end."""

    found: Sweep
    total: int
    screen: Console
    ended: int = 0

    def __call__(self, number: int) -> None:
        self.ended += 1
        became = attempt.outcome(self.found, number)
        head = f"[{self.ended}/{self.total}] {number:04d} {_words(became)}"
        self.screen.print(f"{head}: {self.found.plan.describe(number)}")


def _run(found: Sweep, continued: bool, workers: int, ranks: int, screen: Console) -> None:
    todo, total = engine.left(found), len(found.plan.points)
    refused = total - len(found.plan.runnable())
    words = f"{found.folder}: {total} runs of {found.plan.case}"
    words += f", {total - refused - len(todo)} of them done before" if continued else ""
    words += f", {refused} refused" if refused else ""
    screen.print(words + (f"; {min(workers, len(todo))} at a time" if todo else ""))
    for number, given in enumerate(found.plan.points, 1):
        for line in given.refused:
            screen.print(f"refused {number:04d}: {found.plan.describe(number)}: {line}")
    try:
        engine.run(found, workers, ranks, _Progress(found, len(todo), screen), screen.print)
    except KeyboardInterrupt:
        screen.print("interrupted; the runs under way write what they have")
        engine.settle(found)
        table.write(found)
        raise


def _conclude(found: Sweep, maps: Sequence[str] | None, screen: Console, json: bool) -> int:
    """Table, maps and what is left."""
    files = table.write(found)
    files += _draw(found, maps)
    rows = table.rows(found)
    bad = [row for row in rows if row["status"] not in ("done", "refused")]
    screen.print(f"{sum(row['status'] == 'done' for row in rows)} of {len(rows)} runs are done")
    for row in bad:
        number = int(str(row["number"]))
        said = f" ({row['message']})" if row["message"] else ""
        screen.print(f"{row['status']} {number:04d}: {found.plan.describe(number)}{said}")
    for file in files:
        screen.print(f"written: {file}")
    if bad:
        screen.print(f"to run what is left: tertia sweep {found.folder}")
    if json:
        names = [str(file) for file in files]
        print(machine.text({"folder": str(found.folder), "files": names, "runs": rows}))
    return SOME_LEFT if bad else DONE


def _draw(found: Sweep, maps: Sequence[str] | None) -> list[Path]:
    sweep_map = import_module("postprocess.sweep_map")
    run_error: type[Exception] = import_module("postprocess.run").RunError
    try:
        made: list[Path] = sweep_map.draw(found.folder, tuple(maps) if maps else None)
    except run_error as error:
        raise CaseError(str(error)) from None
    return made


def _words(became: attempt.Outcome) -> str:
    seconds = "" if became.seconds is None else f" in {became.seconds:.0f} s"
    return f"{became.status}{seconds}" + (f" ({became.message})" if became.message else "")
