"""A process and a mount namespace of one's own, so that a measurement can mount what it needs and leaves nothing."""

import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import measure
from harness.measure import Failed
from harness.programs import run

CLONE_NEWNS = 0x20000


def in_child(work: Callable[[], Any]) -> Any:
    """What work returns, through JSON; it runs in a copy of this process, in its own mount namespace."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            measure.become_subreaper()
            own_mounts()
            answer = {"result": work()}
            status = 0
        except Failed as failure:
            answer = {"failure": str(failure)}
        except BaseException as error:  # noqa: BLE001 (this copy has nobody else to tell)
            answer = {"failure": f"{type(error).__name__}: {error}"}
        with os.fdopen(writing, "w") as out:
            json.dump(answer, out)
        sys.stderr.flush()
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as answers:
        text = answers.read()
    os.waitpid(child, 0)
    answer = json.loads(text) if text else {"failure": "the measuring process was killed"}
    if "failure" in answer:
        raise Failed(answer["failure"])
    return answer["result"]


def own_mounts() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise Failed("unshare(CLONE_NEWNS): " + os.strerror(ctypes.get_errno()))
    run(["mount", "--make-rprivate", "/"])


def drop_cgroup2_beside_v1() -> None:
    """crun does not work with a v2 beside v1 that has controllers."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    kinds = {mount[2] for mount in mounts}
    for mount in mounts:
        if mount[2] == "cgroup2" and "cgroup" in kinds:
            run(["umount", mount[1]])


@contextmanager
def inside(root: Path | None) -> Iterator[None]:
    """With another root directory, which is left again. Requires: root is a mount point."""
    if root is None:
        yield
        return
    outside, folder = os.open("/", os.O_PATH | os.O_DIRECTORY), os.getcwd()
    os.chroot(root)
    os.chdir("/")
    try:
        yield
    finally:
        os.fchdir(outside)
        os.chroot(".")
        os.close(outside)
        os.chdir(folder)
