"""One container by one OCI runtime: create, start, the program's end, delete; what that costs."""

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from harness import measure
from harness.measure import Failed, Peak, Sample

CAPABILITIES = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
]  # fmt: skip
# What Podman and containerd give every container: place, type, options.
MOUNTS = [
    ("/proc", "proc", "nosuid,noexec,nodev"),
    ("/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
    ("/sys", "sysfs", "nosuid,noexec,nodev,ro"),
    ("/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
    ("/dev/mqueue", "mqueue", "nosuid,noexec,nodev"),
    ("/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=65536k"),
]
MASKED = [
    "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
]  # fmt: skip
READ_ONLY = [
    "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"
]  # fmt: skip


def config(argument: str, rootfs: str, cgroup: str | None, annotations: dict[str, str]) -> dict[str, object]:
    held = ["bounding", "effective", "permitted"]
    mounts = [
        {"destination": place, "type": kind, "source": kind, "options": options.split(",")}
        for place, kind, options in MOUNTS
    ]
    linux: dict[str, object] = {
        "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount")],
        "maskedPaths": MASKED,
        "readonlyPaths": READ_ONLY,
    }
    if cgroup is not None:
        options = ["nosuid", "noexec", "nodev", "relatime", "ro"]
        mounts.append(
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": options}
        )
        linux["cgroupsPath"] = cgroup
        linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}], "pids": {"limit": 2048}}
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": [argument],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {name: CAPABILITIES for name in held},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": rootfs},
        "hostname": "bench",
        "mounts": mounts,
        "annotations": annotations,
        "linux": linux,
    }


@dataclass(frozen=True)
class Cycle:
    """Paths are those of whoever is in the runtime's root directory, as the caller must be."""

    runtime: list[str]  # with its global options
    bundle: str
    scratch: str
    peak: str  # the program of programs/peak.c
    output: str  # what the container is to print

    def steps(self) -> tuple[str, str, list[list[str]]]:
        name = f"bench-{os.getpid()}-{time.monotonic_ns()}"
        pid_file = f"{self.scratch}/{name}.pid"
        create = ["create", "--bundle", self.bundle, "--pid-file", pid_file, name]
        return name, pid_file, [[*self.runtime, *step] for step in (create, ["start", name], ["delete", name])]

    def time(self) -> Sample:
        name, pid_file, (create, start, delete) = self.steps()
        output = os.memfd_create("output")
        cpu = 0.0

        def do(command: list[str]) -> None:
            nonlocal cpu
            _, status, usage = os.wait4(measure.spawn(command, output), 0)
            cpu += usage.ru_utime + usage.ru_stime
            if status != 0:
                raise Failed(f"'{' '.join(command)}' failed: {last_line(output)}")

        try:
            begin = time.perf_counter()
            do(create)
            init = int(Path(pid_file).read_text())
            do(start)
            _, status, usage = os.wait4(init, 0)
            cpu += usage.ru_utime + usage.ru_stime
            do(delete)
            wall = time.perf_counter() - begin
            text = os.pread(output, 1 << 16, 0).decode(errors="replace")
            if status != 0 or self.output not in text:
                raise Failed(f"the container of '{self.runtime[0]}' failed: {last_line(output)}")
        except BaseException:
            self.remove(name)
            raise
        finally:
            os.close(output)
            Path(pid_file).unlink(missing_ok=True)
        reap_all()
        return Sample(wall, cpu, 0, "")

    def memory(self) -> Peak:
        """Each step is traced; `create` for as long as what it has made lives."""
        name, pid_file, steps = self.steps()
        output = os.memfd_create("output")
        lines = [f"{self.scratch}/peak.{i}" for i in range(3)]
        traced = [[self.peak, file, *step] for file, step in zip(lines, steps)]
        creating = measure.spawn(traced[0], output)
        try:
            self.await_created(name, creating, output)
            for command in traced[1:]:
                _, status = os.waitpid(measure.spawn(command, output), 0)
                if status != 0:
                    raise Failed(f"'{' '.join(command)}' failed: {last_line(output)}")
                if command is traced[1]:
                    os.waitpid(creating, 0)  # until the container has ended, too
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.kill(creating, signal.SIGKILL)
            self.remove(name)
            raise
        finally:
            os.close(output)
            Path(pid_file).unlink(missing_ok=True)
        reap_all()
        sizes = [
            int(line.split()[0]) * 1024 / 1e6 for file in lines for line in Path(file).read_text().splitlines()
        ]
        return Peak(max(sizes), sum(sizes))

    def await_created(self, name: str, creating: int, output: int) -> None:
        for _ in range(400):
            asked = measure.run_alone([*self.runtime, "state", name])
            with contextlib.suppress(ValueError):
                if asked.status == 0 and json.loads(asked.output).get("status") == "created":
                    return
            if os.waitpid(creating, os.WNOHANG)[0] != 0:
                break
            time.sleep(0.05)
        raise Failed(f"'{self.runtime[0]}' created no container: {last_line(output)}")

    def remove(self, name: str) -> None:
        measure.run_alone([*self.runtime, "delete", "--force", name])
        reap_all()


def last_line(output: int) -> str:
    lines = os.pread(output, 1 << 16, 0).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"


def reap_all() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait4(-1, 0)
