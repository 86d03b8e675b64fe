"""The launcher's decisions, with a stand-in for what builds and enters an environment."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

REPO = Path(__file__).resolve().parents[2]
LISTS = ("debian.txt", "requirements.txt", "dpkg.cfg")


@dataclass
class Checkout:
    """A copy of the launcher whose builder and enter.sh are stand-ins, and a PATH with stand-ins."""

    root: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        return self.root / "cache/tertia"

    def script(self, name: str, body: str) -> Path:
        """Put an executable shell script into the PATH, or at `name` if that is a path."""
        path = self.root / name if "/" in name else self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    def environment(self) -> dict[str, str]:
        kept = {
            key: value for key, value in os.environ.items() if not re.match("TERTIA|OMPI_|PMI|PYTHON", key)
        }
        path = f"{self.root}/bin:{os.environ['PATH']}"
        return {**kept, "PATH": path, "XDG_CACHE_HOME": str(self.root / "cache"), **self.settings}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "tertia", *arguments],
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    def folder(self) -> Path:
        """Folder of the environment in use."""
        _, out, _ = self.run("env")
        return Path(out.splitlines()[0].removeprefix("in use: "))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """An unusable python3, a builder that takes no time, and root's way in."""
    made = Checkout(tmp_path)
    shutil.copy(REPO / "tertia", tmp_path)
    shutil.copytree(REPO / "env", tmp_path / "env")
    (tmp_path / "bin").mkdir()
    made.script("python3", "echo Python packages are missing: dolfinx; exit 1")
    made.script("id", "echo 0")
    made.script("apt-get", "true")
    made.script("unshare", 'shift; exec "$@"')
    made.script("env/enter.sh", 'shift 3; exec "$@"')
    made.script(
        "env/build.sh",
        'mkdir "$1.part"; echo "I: fake stage"; echo built >>"$(dirname "$0")/../count"\n'
        'sleep "${FAKE_BUILD_SECONDS:-0.1}"; touch "$1.part/ready"; mv "$1.part" "$1"',
    )
    return made


@pytest.fixture
def usable(checkout: Checkout) -> Checkout:
    """A python3 that has all it needs and shows how it is called, one argument per line."""
    checkout.script("python3", 'case $1 in *usable.py) exit 0 ;; esac; printf "%s\\n" "$@"')
    return checkout


@pytest.mark.parametrize("path", ["tertia", *(f"env/{name.name}" for name in (REPO / "env").glob("*.sh"))])
def test_scripts_are_posix(path: str) -> None:
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "-n", REPO / path], check=True)
    assert os.access(REPO / path, os.X_OK)


def test_lists_are_sorted_and_pinned() -> None:
    def lines(name: str) -> list[str]:
        return [line for line in (REPO / "env" / name).read_text().splitlines() if line and line[0] != "#"]

    debian, pypi = lines("debian.txt"), lines("requirements.txt")
    assert debian == sorted(set(debian))
    assert all(re.fullmatch(r"[a-zA-Z0-9_.-]+==[0-9.]+", line) for line in pypi)


# --- which environment


def test_usable_python_is_taken_as_it_is(usable: Checkout) -> None:
    code, out, err = usable.run("run", "my case.toml", "--set", 'a.b="1 um"', "--steps", "3")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["-m", "cases", "run", "my case.toml", "--set", 'a.b="1 um"', "--steps", "3"]
    assert not usable.store.exists()


def test_tools_for_tests_count_only_for_tests(checkout: Checkout) -> None:
    checkout.script("python3", '[ "${2:-}" = test ] && exit 1; exit 0')
    assert checkout.folder() == checkout.root / "bin/python3"
    checkout.script("env/test.sh", "true")
    _, _, err = checkout.run("test")
    assert "making the environment" in err


@pytest.mark.parametrize(("choice", "name"), [("", "stable"), ("stable", "stable"), ("newest", "newest")])
def test_folder_is_named_after_the_lists(checkout: Checkout, choice: str, name: str) -> None:
    checkout.settings["TERTIA_ENV"] = choice
    folder = checkout.folder()
    assert folder.parent == checkout.store
    assert re.fullmatch(rf"{name}-[0-9a-f]{{12}}", folder.name)
    assert checkout.folder() == folder


@pytest.mark.parametrize("changed", LISTS)
def test_another_list_is_another_environment(checkout: Checkout, changed: str) -> None:
    before = checkout.folder()
    with (checkout.root / "env" / changed).open("a") as file:
        file.write("# one line more\n")
    assert checkout.folder() != before


def test_unknown_choice_is_refused(checkout: Checkout) -> None:
    checkout.settings["TERTIA_ENV"] = "sid"
    assert checkout.run("cases") == (
        1,
        "",
        "tertia: TERTIA_ENV=sid is not known; choose system, stable or newest\n",
    )


def test_system_is_not_replaced_silently(checkout: Checkout) -> None:
    checkout.settings["TERTIA_ENV"] = "system"
    assert checkout.run("cases") == (
        1,
        "",
        "tertia: TERTIA_ENV=system, but Python packages are missing: dolfinx\n",
    )


def test_ordinary_user_is_told_what_to_install(checkout: Checkout) -> None:
    for tool in "sh dirname readlink uname cat sha256sum cut mkdir flock rm sort".split():  # noqa: SIM905
        (checkout.root / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    checkout.script("id", "echo 1000")
    checkout.settings["PATH"] = str(checkout.root / "bin")
    code, _, err = checkout.run("cases")
    assert code == 1
    assert re.search(r"sudo apt-get install mmdebstrap( debian-archive-keyring)? uidmap\n", err)
    assert "environment.yml" in err


def test_machine_without_namespaces_is_told_first(checkout: Checkout) -> None:
    checkout.script("unshare", "exit 1")
    code, _, err = checkout.run("cases")
    assert code == 1
    assert "does not let this user make namespaces" in err
    assert not (checkout.root / "count").exists()


# --- making it


def test_environment_is_made_once(checkout: Checkout) -> None:
    checkout.settings["FAKE_BUILD_SECONDS"] = "1.5"  # the launcher looks at the log once a second
    code, out, err = checkout.run("exec", "echo", "hello")
    assert (code, out) == (0, "hello\n")
    assert re.search(r"making the environment.*\n(.*\n)* +\d s  fake stage\n.*ready after", err)
    assert checkout.run("exec", "echo", "again") == (0, "again\n", "")
    assert (checkout.root / "count").read_text() == "built\n"


def test_second_launcher_waits_for_the_first(checkout: Checkout) -> None:
    checkout.settings["FAKE_BUILD_SECONDS"] = "1.5"
    both = [checkout.start("exec", "echo", "hello") for _ in range(2)]
    errors = [process.communicate(timeout=30)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("waiting for it" in err for err in errors) == 1
    assert (checkout.root / "count").read_text() == "built\n"


def test_failed_build_shows_its_log_and_leaves_nothing(checkout: Checkout) -> None:
    checkout.settings["TERTIA_BUILDER"] = str(
        checkout.script("builder", 'mkdir "$1.part"; echo no such mirror; exit 3')
    )
    code, _, err = checkout.run("exec", "echo", "hello")
    assert code == 1
    assert "no such mirror" in err
    assert f"whole log is {checkout.folder()}.log" in err
    assert not Path(f"{checkout.folder()}.part").exists()
    del checkout.settings["TERTIA_BUILDER"]
    assert checkout.run("exec", "echo", "hello")[0] == 0


def test_what_a_crash_left_is_cleared(checkout: Checkout) -> None:
    folder = checkout.folder()
    left = Path(f"{folder}.part/root/usr")
    left.mkdir(parents=True)
    assert checkout.run("exec", "true")[0] == 0
    assert sorted(path.name for path in folder.iterdir()) == ["ready"]
    assert not left.exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_interrupted_build_ends_as_a_whole(checkout: Checkout, number: signal.Signals, code: int) -> None:
    folder = checkout.folder()
    pid = checkout.root / "pid"
    checkout.script("env/build.sh", f'mkdir "$1.part"; sleep 60 & echo $! >"{pid}"; wait')
    folder = checkout.folder()
    process = checkout.start("exec", "true")
    _wait_for(lambda: pid.exists() and pid.read_text() != "")
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == code
    assert not folder.exists()
    assert not Path(f"{folder}.part").exists()
    _wait_for(lambda: not _alive(int(pid.read_text())))


# --- running in it


def test_command_is_the_launcher_process(checkout: Checkout) -> None:
    """Signals need no forwarding: the command keeps the launcher's process id."""
    checkout.run("exec", "true")
    process = checkout.start("exec", "sh", "-c", "trap 'exit 7' TERM; echo $$; while :; do sleep 0.1; done")
    assert process.stdout is not None
    assert int(process.stdout.readline()) == process.pid
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 7


@pytest.mark.parametrize(
    "arguments", [["x", "-n", "2"], ["-n2", "x"], ["--ranks", "2", "x"], ["x", "--ranks=2"]]
)
def test_ranks_are_for_mpirun(usable: Checkout, arguments: list[str]) -> None:
    _, out, _ = usable.run("run", *arguments)
    ranks = str(usable.root / "env/ranks.py")
    assert out.splitlines() == [ranks, "2", "python3", "-m", "mpi4py", "-m", "cases", "run", "x"]


def test_one_rank_needs_no_mpirun(usable: Checkout) -> None:
    assert usable.run("run", "x", "-n", "1")[1].splitlines() == ["-m", "cases", "run", "x"]


@pytest.mark.parametrize("number", ["0", "-1", "two", ""])
def test_ranks_are_a_number(usable: Checkout, number: str) -> None:
    code, _, err = usable.run("run", "x", "-n", number)
    assert code == 2
    assert err == f"tertia: -n takes a number of ranks from 1 up, not '{number}'\n"


def test_started_by_mpirun(usable: Checkout) -> None:
    usable.settings["OMPI_COMM_WORLD_SIZE"] = "2"
    assert usable.run("run", "x")[1].splitlines() == ["-m", "mpi4py", "-m", "cases", "run", "x"]


def test_mpirun_of_this_machine_cannot_reach_inside(checkout: Checkout) -> None:
    checkout.settings["OMPI_COMM_WORLD_SIZE"] = "2"
    code, _, err = checkout.run("run", "x")
    assert code == 1
    assert "./tertia run -n RANKS" in err


# --- the two Python files that stand beside it


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPO / "env" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_this_python_is_usable() -> None:
    done = subprocess.run([sys.executable, REPO / "env/usable.py", "test"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("version", "fits"),
    [("0.8.0", False), ("0.9.0", True), ("0.10.1", True), ("0.11.0.post0", True), ("0.12.0.dev0", False)],
)
def test_supported_versions(version: str, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: version)
    assert (_load("usable").lacks("sys") == "") == fits


def test_missing_packages_are_named() -> None:
    assert _load("usable").lacks("sys no_such_thing") == "Python packages are missing: no_such_thing"


def test_ranks_are_asked_before_they_are_ended(tmp_path: Path) -> None:
    """SIGTERM to ranks.py arrives at the ranks as SIGUSR1, and their exit code comes back."""
    ready = tmp_path / "ready"
    rank = (
        "import signal, sys, time, pathlib\n"
        "signal.signal(signal.SIGUSR1, lambda *_: sys.exit(9))\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, str(REPO / "env/ranks.py"), "1", sys.executable, "-c", rank]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _wait_for(ready.exists)
    process.terminate()
    assert process.wait(timeout=30) == 9


def _alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def _wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
