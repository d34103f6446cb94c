"""Containers for these tests, and what they could leave behind.

Expects a pid namespace, a mount namespace and cgroups of its own (tests/enter): whatever is found there is ours.
"""

import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

RUNTIME = "/shared/wherry-runtime"
STATE = Path("/run/states")
PARENT_CGROUP = "/robustness"


def bundle(path: Path, arguments: list[str], **resources: object) -> Path:
    """A bundle of guest.wasm in all the namespaces Podman makes; resources are config.json's linux.resources."""
    root = path / "rootfs"
    root.mkdir(parents=True)
    (root / "guest.wasm").write_bytes(Path("/shared/guest.wasm").read_bytes())
    (root / "guest.wasm").chmod(0o755)
    names = ["pid", "ipc", "uts", "mount", "network"]
    config = {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": ["/guest.wasm", *arguments],
            "env": ["PATH=/"],
            "cwd": "/",
            "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 256, "hard": 256}],
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "robust",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            {
                "destination": "/tmp",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["nosuid", "nodev", "size=1m", "nr_inodes=1000"],
            },
        ],
        "linux": {
            "namespaces": [{"type": name} for name in names],
            "cgroupsPath": f"{PARENT_CGROUP}/{path.name}",
            "resources": resources,
            "maskedPaths": ["/proc/kcore", "/proc/keys"],
            "readonlyPaths": ["/proc/sys", "/proc/bus"],
        },
    }
    (path / "config.json").write_text(json.dumps(config))
    return path


def runtime(*arguments: str, out: object = subprocess.DEVNULL) -> subprocess.CompletedProcess:
    """One command of the runtime; what it and the guest print goes to out."""
    return subprocess.run(
        [RUNTIME, "--root", str(STATE), *arguments],
        stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=60, check=False,
    )  # fmt: skip


def output_of(*arguments: str) -> tuple[int, str]:
    # A file: a pipe would be read until the last guest that holds it ends.
    with tempfile.TemporaryFile() as out:
        code = runtime(*arguments, out=out).returncode
        out.seek(0)
        return code, out.read().decode(errors="replace")


def processes() -> list[int]:
    """Those of the runtime, whatever they call themselves; one that is dead and not yet buried is none."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            program = os.readlink(f"/proc/{entry}/exe")
            if os.path.basename(program) == "wherry-runtime":
                found.append(int(entry))
        except OSError:
            continue
    return found


def mounts() -> list[str]:
    # Not the id a mount has: what is mounted where.
    return sorted(re.sub(r"^\d+ \d+ ", "", line) for line in Path("/proc/self/mountinfo").read_text().splitlines())


def cgroups() -> list[str]:
    return sorted(str(path) for path in Path("/sys/fs/cgroup").glob(f"**{PARENT_CGROUP}/*") if path.is_dir())


def states() -> list[str]:
    return sorted(path.name for path in STATE.iterdir()) if STATE.exists() else []


class Leavings:
    """What there is now, against which what there is later is held."""

    def __init__(self) -> None:
        self.mounts = mounts()

    def find(self) -> str:
        """What is there that was not, or an empty text. Processes may take a moment to be gone."""
        for _ in range(100):
            found = self._look()
            if not found:
                return ""
            time.sleep(0.01)
        return found

    def _look(self) -> str:
        parts = []
        if left := processes():
            parts.append(f"processes {left}")
        if left := [line for line in mounts() if line not in self.mounts]:
            parts.append(f"mounts {left}")
        if left := cgroups():
            parts.append(f"cgroups {left}")
        if left := states():
            parts.append(f"states {left}")
        return "; ".join(parts)


def status_of(container: str) -> str:
    code, text = output_of("state", container)
    return json.loads(text)["status"] if code == 0 else ""


def wait_until(condition: object, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True
