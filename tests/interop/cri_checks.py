#!/usr/bin/env python3
"""A pod with a container of ours and a Linux sidecar, through containerd's CRI: cri_checks.py native|wasm.

cri_checks.sh runs it in a root. With `native` the same checks are made of runc and a native program.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, os.path.dirname(__file__))
import grpc  # noqa: E402
from cri import Runtime  # noqa: E402

passed = failed = 0


def ok(what: str, found, wanted=True) -> None:
    global passed, failed
    if found == wanted:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {what}\n  found: {found!r}\n  wanted: {wanted!r}")


def until(condition, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def lines(log: Path) -> list[str]:
    """The lines of a CRI log, less their times."""
    return [line.split(" ", 1)[1] for line in log.read_text().splitlines()] if log.exists() else []


def shims() -> list[str]:
    found = subprocess.run(["pgrep", "-f", "containerd-shim-.* -id "], capture_output=True, text=True)
    return found.stdout.split()


def main() -> None:
    kind = sys.argv[1]
    handler = {"native": "runc", "wasm": "wherry"}[kind]
    cri = Runtime("/run/containerd/containerd.sock")
    logs = Path("/tmp/pod-logs")
    logs.mkdir()
    config = {
        1: {1: "pod", 2: "uid-1", 3: "default", 4: 0},
        2: "in-pod",
        3: str(logs),
        6: {1: "app", 2: "probe"},
        8: {1: "/wherry-pod"},
    }

    def container(name: str, image: str, command: list[str], **fields) -> dict:
        return {
            1: {1: name},
            2: {1: image},
            3: command,
            6: {1: "COLOR", 2: "red"},
            7: {1: "/shared-folder", 2: "/tmp/shared-folder"},
            11: f"{name}.log",
            15: {1: {4: 64 << 20}},
        }

    Path("/tmp/shared-folder").mkdir()
    pod = cri.run_pod(config, handler)
    address = cri.pod_address(pod)
    ok("the pod has an address", address.startswith("10.78."))
    ours = cri.create(
        pod, container("ours", f"docker.io/library/probe-{kind}:latest", ["/probe", "later", "600"]), config
    )
    ok("a created container is created", cri.status(ours), ("created", 0))
    side = cri.create(
        pod,
        container("side", "docker.io/library/sidecar:latest", ["sh", "-c", "echo beside; trap exit TERM; sleep 600 & wait"]),
        config,
    )
    cri.start(ours)
    cri.start(side)
    ok("both run", (cri.status(ours), cri.status(side)), (("running", 0), ("running", 0)))
    ok("one shim is theirs", len(shims()), 1)
    ok("ours says so in its log", until(lambda: lines(logs / "ours.log") == ["stdout F waiting"]))
    ok("and the sidecar in its own", until(lambda: lines(logs / "side.log") == ["stdout F beside"]))

    ok("exec", cri.execute(ours, "/probe", "args", "a b"), ("[/probe]\n[args]\n[a b]\n", "", 0))
    ok("its environment", cri.execute(ours, "/probe", "env", "COLOR", "SHAPE")[0], "COLOR=red\nSHAPE=round\n")
    ok("its exit code", cri.execute(ours, "/probe", "exit", "7"), ("", "", 7))
    ok("its two streams", cri.execute(ours, "/probe", "say", "output", "problem"), ("output\n", "problem\n", 0))
    ok("exec in the sidecar", cri.execute(side, "hostname"), ("in-pod\n", "", 0))
    cri.execute(ours, "/probe", "write", "/shared-folder/from-ours", "of the guest")
    ok("they share a folder", cri.execute(side, "cat", "/shared-folder/from-ours")[0], "of the guest")
    ok("and a network", cri.execute(ours, "/probe", "ls", "/sys/class/net")[0], "eth0\nlo\n")
    reached = subprocess.run(["busybox", "ping", "-c", "1", "-W", "5", address], capture_output=True, check=False)
    ok("which is reached from outside", reached.returncode, 0)
    try:
        cri.execute(ours, "/not/there")
        ok("exec of nothing fails", False)
    except grpc.RpcError:
        ok("exec of nothing fails", True)
    used, memory = cri.stats(ours)
    ok("stats", used > 0 and memory > 0)

    if kind == "wasm":
        artifact = container("artifact", "docker.io/library/probe-artifact:latest", ["/", "env", "COLOR"])
        layered = cri.create(pod, artifact, config)
        cri.start(layered)
        ok("an artifact runs", until(lambda: cri.status(layered) == ("exited", 0)))
        ok("and has its environment", lines(logs / "artifact.log"), ["stdout F COLOR=red"])
        cri.remove(layered)

    code = cri.create(pod, container("code", f"docker.io/library/probe-{kind}:latest", ["/probe", "exit", "5"]), config)
    cri.start(code)
    ok("an exit code", until(lambda: cri.status(code) == ("exited", 5)))
    cri.remove(code)
    began = time.monotonic()
    cri.stop(ours, 10)
    ok("stop ends ours by SIGTERM", cri.status(ours), ("exited", 143))
    ok("and does not wait", time.monotonic() - began < 5)
    ok("the sidecar goes on", cri.status(side), ("running", 0))
    cri.remove(ours)
    cri.stop(side, 10)
    cri.remove_pod(pod)
    ok("the pod's shim ends with it", until(lambda: shims() == []))
    print(f"{passed} passed, {failed} failed, 0 skipped")


if __name__ == "__main__":
    main()
