"""A SLURM job array that runs a sweep: a job per run, each by `tertia sweep DIR --point K`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from cases.errors import CaseError
from cases.sweep.plan import Sweep

_LAUNCHER = Path(__file__).resolve().parents[2] / "tertia"
_SCRIPT = """\
#!/bin/sh
#SBATCH --job-name=tertia-{name}
#SBATCH --array={array}
#SBATCH --nodes=1
#SBATCH --ntasks={ranks}
#SBATCH --output={folder}/attempts/slurm-%A_%a.txt
# Add what your cluster wants: #SBATCH --time=, --partition=, --account=. Submitting this again skips the
# runs that are done and runs all else, such as those that the time limit ended.
exec {tertia} sweep {sweep} --ranks {ranks} --point "$SLURM_ARRAY_TASK_ID"
"""


def write(sweep: Sweep, numbers: Sequence[int], ranks: int, at_once: int | None) -> Path:
    """Write array.sh into the folder of the sweep, for the runs `numbers`; returns the file.

    Raises:
        CaseError: nothing is left to run, or it cannot be written.
    """
    if not numbers:
        raise CaseError(f"{sweep.folder}: all runs are done")
    folder, script = sweep.folder.resolve(), sweep.folder / "array.sh"
    text = _SCRIPT.format(
        name=sweep.plan.case,
        array=ranges(numbers) + (f"%{at_once}" if at_once else ""),
        ranks=ranks,
        folder=folder,
        tertia=shlex.quote(str(_LAUNCHER)) if _LAUNCHER.is_file() else "tertia",
        sweep=shlex.quote(str(folder)),
    )
    try:
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)
    except OSError as error:
        raise CaseError(f"{script}: cannot be written: {error.strerror}") from None
    return script


def ranges(numbers: Iterable[int]) -> str:
    """Numbers in ascending order as SLURM writes them: 1-4,7,9-10."""
    ordered = sorted(numbers)
    breaks = [k for k, (a, b) in enumerate(pairwise(ordered), 1) if b > a + 1]
    spans = [ordered[a:b] for a, b in zip([0, *breaks], [*breaks, len(ordered)], strict=True)]
    return ",".join(str(s[0]) if len(s) == 1 else f"{s[0]}-{s[-1]}" for s in spans)
