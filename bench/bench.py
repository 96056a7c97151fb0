"""What all benchmarks share: a release instance, medians, processor time, JSON out.

The figures are of this machine; for a comparison run Dokku on the same one. Use a quiet machine:
processor time is the whole machine's, less what it uses when nothing is asked of it.
"""
import contextlib
import json
import os
import platform
import statistics
import sys
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("DOKKU_SOURCE", SOURCE)
os.environ.setdefault("DOKKU_BIN", os.path.join(SOURCE, "build", "release", "bin"))
sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))

from harness import Instance, apps  # noqa: E402  (its place is known only now)
from harness.instance import end_what_killed_tests_left  # noqa: E402


@contextlib.contextmanager
def bench_instance(stack=True):
    """An instance that is ended whatever happens."""
    if os.geteuid() != 0:
        sys.exit(" !     Benchmarks need root: they run an instance.")
    if not os.path.exists(os.path.join(os.environ["DOKKU_BIN"], "dokkud")):
        sys.exit(" !     Build first: cmake --preset release && cmake --build --preset release")
    end_what_killed_tests_left()
    with Instance() as instance:
        if stack:
            instance.prepare_stack()
        instance.dokku("domains:set-global", "example.test").must_succeed()
        yield instance


def deploy(instance, name, files=None):
    repo = instance.repo(files or apps.echo(name))
    instance.push(repo, name).must_succeed()
    return repo


def cpu_seconds():
    """Processor time of the whole machine since boot, without idle."""
    with open("/proc/stat", encoding="utf-8") as file:
        user, nice, system, _idle, _wait, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


class Cpu:
    """Processor seconds in a `with` block, less the machine's own rate beforehand."""

    def __init__(self, settle=2.0):
        begin, used = time.monotonic(), cpu_seconds()
        time.sleep(settle)
        self.rate = (cpu_seconds() - used) / (time.monotonic() - begin)

    def __enter__(self):
        self._begin, self._used = time.monotonic(), cpu_seconds()
        return self

    def __exit__(self, *_):
        self.wall = time.monotonic() - self._begin
        self.seconds = max(0.0, cpu_seconds() - self._used - self.rate * self.wall)


def timed_ms(call, times):
    """Milliseconds of each of `times` calls."""
    taken = []
    for _ in range(times):
        begin = time.monotonic()
        call()
        taken.append((time.monotonic() - begin) * 1000)
    return taken


def summary(values):
    ordered = sorted(values)
    return {"median": round(statistics.median(ordered), 2), "min": round(ordered[0], 2),
            "max": round(ordered[-1], 2), "n": len(ordered)}


def report(name, results, aims):
    """One JSON object on standard output; aims stand beside the figures."""
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory_mb = int(file.readline().split()[1]) // 1024
    json.dump({"bench": name, "machine": {"cores": os.cpu_count(), "memory_mb": memory_mb,
                                          "kernel": platform.release(),
                                          "load": round(os.getloadavg()[0], 2)},
               "results": results, "aims": aims}, sys.stdout, indent=2)
    print()
