"""The results as Markdown: what was measured on, tables, targets."""

import os
import re
from pathlib import Path

from harness.measure import Failed
from harness.programs import run


def table(head: list[str], rows: list[list[str]]) -> str:
    """The first column is text, the others are numbers."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        padded = [cell.ljust(width) if i == 0 else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(cells, widths))]  # fmt: skip
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def first_line(command: list[str]) -> str:
    try:
        return run(command).splitlines()[0]
    except Failed as failure:
        return str(failure)


def machine(repository: Path, build: Path, level: str, versions: list[str]) -> str:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    commit = first_line(["git", "-C", str(repository), "rev-parse", "--short=12", "HEAD"])
    if run(["git", "-C", str(repository), "status", "--porcelain", "--untracked-files=no"]).strip():
        commit += " with changes"
    cache = build / "CMakeCache.txt"
    compiler = re.search(r"CMAKE_CXX_COMPILER:\w+=(.*)", cache.read_text()) if cache.exists() else None
    facts = [
        ("commit", commit),
        ("machine", f"{cpu.group(1) if cpu else os.uname().machine}, {len(os.sched_getaffinity(0))} cores"),
        ("system", f"Linux {os.uname().release}"),
        ("wherry built by", first_line([compiler.group(1), "--version"]) if compiler else "not built"),
        (
            "kernels built by",
            first_line(["clang-19", "--version"]) + f", {level}, both natively and for wasm32-wasi",
        ),
        *(("compared", version) for version in versions),
    ]
    return "\n".join(f"- {name}: {value}" for name, value in facts)


def put_into(document: Path, name: str, results: str) -> None:
    """Replaces what stands between the document's two marks of that name."""
    text = document.read_text()
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    if begin not in text or end not in text:
        raise Failed(f"'{document}' has no marks for the {name}")
    before, rest = text.split(begin, 1)
    document.write_text(before + begin + "\n" + results.strip() + "\n\n" + end + rest.split(end, 1)[1])
