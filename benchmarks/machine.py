"""The machine a benchmark runs on: who is measured gets one core, the counterpart another.

Where there is one core only, or no `taskset`, both share what there is; `described` says so.
"""

import gc
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MEASURED, COUNTERPART = 0, 1
PATIENCE_S = 180


class BenchmarkError(Exception):
    """A run that did not end as it must, or could not begin."""


def described() -> dict[str, Any]:
    """What figures depend on, without a name or a path."""
    return {
        "cores": os.cpu_count() or 1,
        "pinned": bool(_pinned(MEASURED)),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def compiled(name: str, build: Path) -> Path:
    """The C program `name`, made in `build` from its source beside this file."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise BenchmarkError("no C compiler (cc) is installed")
    source, program = Path(__file__).with_name(f"{name}.c"), build / name
    words = [compiler, "-O2", "-o", str(program), str(source)]
    if subprocess.run(words, check=False).returncode:  # noqa: S603
        raise BenchmarkError(f"{source.name} cannot be compiled")
    return program


def measured(
    command: Sequence[object], *, name: str = "", patience_s: float = PATIENCE_S
) -> dict[str, Any]:
    """The JSON a process prints that has a core to itself; `name` is for people."""
    name = name or _name(command)
    words = [*_pinned(MEASURED), *map(str, command)]
    try:
        done = subprocess.run(  # noqa: S603
            words, capture_output=True, text=True, timeout=patience_s, check=False, cwd=ROOT
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{name} did not finish in {patience_s:g} s") from error
    if done.returncode:
        raise BenchmarkError(f"{name} failed: {done.stderr.strip()[-500:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


class Counterpart:
    """A process on the other core, which prints lines of JSON: the first when it listens."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.pid = process.pid
        self._lines = process.stdout
        self.ready = self.told()

    def told(self) -> Any:
        """The next line; waits for it."""
        line = self._lines.readline() if self._lines else ""
        if not line:
            raise BenchmarkError("the counterpart ended without a word")
        return json.loads(line)


@contextmanager
def counterpart(command: Sequence[object]) -> Iterator[Counterpart]:
    """Runs while the context lasts."""
    words = [*_pinned(COUNTERPART), *map(str, command)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603
        try:
            yield Counterpart(process)
        finally:
            process.terminate()


class Stopwatch:
    """What a run took so far, in seconds of time and of this process's CPU.

    The interpreter does not collect garbage from now on, as in a test of ours.
    """

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()
        self._started, self._used = time.perf_counter(), own_cpu_s()

    def read(self) -> dict[str, Any]:
        took, cpu = time.perf_counter() - self._started, own_cpu_s() - self._used
        return {"took_s": took, "cpu_s": cpu}


def loop_ns() -> float:
    """CPU time of one turn of a plain loop: how fast the machine is at the moment."""
    turns, total = 500_000, 0
    before = own_cpu_s()
    for turn in range(turns):
        total += turn
    return (own_cpu_s() - before) / turns * 1e9


def own_cpu_s() -> float:
    """CPU this process has used, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_s(pid: int) -> float | None:
    """CPU another process has used; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def resident_bytes() -> int | None:
    """Memory of this process that is in RAM; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _pinned(core: int) -> list[str]:
    several = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1
    return ["taskset", "-c", str(core)] if several and shutil.which("taskset") else []


def _name(command: Sequence[object]) -> str:
    return " ".join(Path(str(word)).name for word in command if str(word) != sys.executable)
