"""What the shim section measures, inside a root with containerd: python3 -m harness.shim_inside SHARED.

SHARED/plan.json says what; the answer is SHARED/results.json. Requires: a machine of one's own, as
tests/enter makes it.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import isolation, measure
from harness.container_cycle import Cycle, config, reap_all
from harness.measure import Failed
from harness.programs import run
from harness.shim_client import NAMESPACE, Connection, Container, number, text

TASKS = Path("/run/containerd/io.containerd.runtime.v2.task/default")
WORK = Path("/run/bench")
ROOTFS = Path("/run/bench.rootfs")
PAUSE = 0.03  # seconds, in which containerd tidies up after a container
SETTLED = 0.5  # seconds, after which an idle container is taken to be idle
PARALLEL = 4


def main() -> None:
    shared = Path(sys.argv[1])
    plan = json.loads((shared / "plan.json").read_text())
    answers: dict[str, Any] = {"failures": {}, "containerd": run(["containerd", "--version"]).split()[2]}
    with containerd(shared):
        for image, platform in (("native", "linux/amd64"), ("wasm", "wasi/wasm")):
            ctr("image", "import", "--platform", platform, str(shared / f"{image}.tar"))
        section = Section(plan, answers["failures"])
        section.in_turns("ctr run", 1, section.run)  # warms up
        answers["run"] = section.in_turns("ctr run", plan["runs"], section.run)
        answers["parallel"] = section.in_turns("four in parallel", plan["rounds"], section.parallel)
        answers["memory"] = section.in_turns("memory", plan["memory"], section.memory)
        run(["cp", "-r", str(shared / "rootfs"), str(ROOTFS)])
        WORK.mkdir()
        answers["calls"], more = isolation.in_child(lambda: section.all_calls(plan["calls"]))
        answers["failures"].update(more)
        answers["stop"] = isolation.in_child(lambda: section.stops(plan["stops"]))
        answers["info"] = section.info(plan["info"])
    (shared / "results.json").write_text(json.dumps(answers))


@contextmanager
def containerd(shared: Path) -> Iterator[None]:
    # An overlay holds no overlays, and the root is one.
    state = Path("/var/lib/containerd")
    state.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "tmpfs", "-o", "mode=711", "tmpfs", str(state)])
    settings = Path("/etc/containerd/config.toml")
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    log = shared / "containerd.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            ["containerd", "--log-level", "warn"], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        for _ in range(200):
            if server.poll() is not None or measure.run_alone(["ctr", "version"]).status == 0:
                break
            time.sleep(0.1)
        ctr("version")
        yield
    finally:
        server.terminate()
        server.wait()


def ctr(*arguments: str) -> str:
    command = ["ctr", *arguments]
    return measure.expect(measure.run_alone(command), command).output


def processor_time() -> float:
    """Seconds, of everything on this machine of ours."""
    for file in Path("/sys/fs/cgroup").glob("*/cpuacct.usage"):
        return int(file.read_text()) / 1e9
    usage = Path("/sys/fs/cgroup/cpu.stat").read_text().split()
    return int(usage[usage.index("usage_usec") + 1]) / 1e6


class Section:
    def __init__(self, plan: dict[str, Any], failures: dict[str, str]) -> None:
        self.contenders, self.failures = plan["contenders"], failures
        self.output, self.seconds = plan["output"], plan["seconds"]
        self.made = 0

    def in_turns(
        self, what: str, repeat: int, measured: Callable[[dict[str, Any]], Any], needs: str = ""
    ) -> dict[str, list[Any]]:
        """What is measured of every contender that can be: A B C A B C ..., until it fails."""
        answers: dict[str, list[Any]] = {name: [] for name in self.contenders}
        for _ in range(repeat):
            for name, contender in self.contenders.items():
                if name in self.failures or (needs and needs not in contender):
                    continue
                try:
                    answers[name].append(measured(contender))
                except (Failed, OSError) as failure:
                    self.failures[name] = f"{what}: {failure}"
        return answers

    def new_name(self) -> str:
        self.made += 1
        return f"c{os.getpid()}-{self.made}"

    def ctr_run(self, contender: dict[str, Any], name: str) -> float:
        command = ["ctr", "run", "--rm", *contender["options"], contender["image"], name, contender["hello"]]
        return measure.expect(measure.run_alone(command), command, self.output).wall

    def run(self, contender: dict[str, Any]) -> list[float]:
        """Seconds of one `ctr run`, and the processor time of all that took part."""
        time.sleep(PAUSE)
        before = processor_time()
        wall = self.ctr_run(contender, self.new_name())
        return [wall, processor_time() - before]

    def parallel(self, contender: dict[str, Any]) -> list[float]:
        """How many containers in how many seconds, some at a time."""
        begin = time.perf_counter()

        def keep_running(number: int) -> int:
            count = 0
            while time.perf_counter() < begin + self.seconds:
                self.ctr_run(contender, f"{prefix}-{number}-{count}")
                count += 1
            return count

        prefix = self.new_name()
        with ThreadPoolExecutor(PARALLEL) as pool:
            total = sum(pool.map(keep_running, range(PARALLEL)))
        return [total, time.perf_counter() - begin]

    def memory(self, contender: dict[str, Any]) -> list[float]:
        """MB of an idle container: its shim's resident pages, the proportional shares of all processes and
        of the shim; and how many processes."""
        name = self.new_name()
        log = Path(f"/tmp/{name}.log")
        ctr("run", "--detach", "--log-uri", f"file://{log}", *contender["options"], contender["image"], name,
            contender["waiting"], "sleep")  # fmt: skip
        try:
            await_text(lambda: log.read_text() if log.exists() else "")
            time.sleep(SETTLED)
            connection = Connection((TASKS / name / "address").read_text().removeprefix("unix://"))
            shim = int(connection.call("Connect", text(1, name))[1])
            connection.close()
            mine = [shim, *descendants(shim)]
            return [
                kilobytes(f"/proc/{shim}/status", "VmRSS:") * 1024 / 1e6,
                sum(kilobytes(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in mine) * 1024 / 1e6,
                kilobytes(f"/proc/{shim}/smaps_rollup", "Pss:") * 1024 / 1e6,
                len(mine),
            ]
        finally:
            ctr("task", "delete", "--force", name)
            ctr("container", "delete", name)

    def all_calls(self, repeat: int) -> list[dict[str, Any]]:
        """In a process of its own, which has to say what failed."""
        return [self.in_turns("calls", repeat, self.calls, "shim"), self.failures]

    def calls(self, contender: dict[str, Any]) -> list[float]:
        """Wall and processor time of a container by a shim, then the same by the runtime alone."""
        with ending_children():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            container = Container(contender["shim"], WORK / self.new_name(),
                                  bundle(contender["hello"], "rootfs"), ROOTFS)  # fmt: skip
            begin = time.perf_counter()
            container.create()
            end = container.send_wait()
            container.call("Start")
            end()
            container.delete()
            wall = time.perf_counter() - begin
            output = container.printed()
            container.close()
            reap_all()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if output != self.output:
            raise Failed(f"the container of '{contender['shim']}' printed '{output}'")
        alone = WORK / self.new_name()
        alone.mkdir()
        (alone / "config.json").write_text(bundle(contender["hello"], str(ROOTFS)))
        options = ["--root", f"{WORK}/state", "--log", f"{alone}/log.json", "--log-format", "json"]
        cycle = Cycle([contender["runtime"], *options], str(alone), str(WORK), "", self.output)
        sample = cycle.time()
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return [wall, cpu, sample.wall, sample.cpu]

    def stops(self, repeat: int) -> dict[str, list[float]]:
        """Seconds from the call of Kill with SIGTERM to the answer of Wait, of each kind of guest."""
        answers: dict[str, list[float]] = {"spin": [], "read": [], "sleep": []}
        contender = next(iter(self.contenders.values()))
        for _ in range(repeat):
            for guest, seconds in answers.items():
                with ending_children():
                    seconds.append(self.stop(contender, guest))
        return answers

    def stop(self, contender: dict[str, Any], guest: str) -> float:
        container = Container(contender["shim"], WORK / self.new_name(),
                              bundle(contender["waiting"], "rootfs", guest), ROOTFS)  # fmt: skip
        container.create()
        end = container.send_wait()
        container.call("Start")
        await_text(container.printed)
        time.sleep(PAUSE)
        begin = time.perf_counter()
        container.call("Kill", number(3, signal.SIGTERM))
        answer = end()
        seconds = time.perf_counter() - begin
        if answer.get(1) != 128 + signal.SIGTERM:
            raise Failed(f"the container of a guest that waits by '{guest}' ended with code {answer.get(1)}")
        container.delete()
        container.close()
        reap_all()
        return seconds

    def info(self, repeat: int) -> list[float]:
        command = [next(iter(self.contenders.values()))["shim"], "-info"]
        return [measure.expect(measure.run_alone(command), command).wall for _ in range(repeat + 1)][1:]


def bundle(program: str, rootfs: str, *arguments: str) -> str:
    described = config(program, rootfs, f"/{NAMESPACE}/one", {})
    described["process"]["args"] = [program, *arguments]
    return json.dumps(described)


def await_text(printed: Callable[[], str]) -> None:
    for _ in range(500):
        if "waiting" in printed():
            return
        time.sleep(0.02)
    raise Failed("the guest does not say that it waits")


def descendants(process: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = children.get(process, [])
    return [*found, *(below for child in found for below in descendants(child))]


def kilobytes(file: str, field: str) -> int:
    words = Path(file).read_text().split()
    return int(words[words.index(field) + 1])


@contextmanager
def ending_children() -> Iterator[None]:
    """Ends what a measurement that failed has left running: the next one waits for every child."""
    try:
        yield
    except BaseException:
        for child in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        reap_all()
        raise


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"error: {failure}")
