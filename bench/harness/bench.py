"""What the sections of a report share."""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness.measure import Failed
from harness.runners import Runner


@dataclass
class Bench:
    options: argparse.Namespace
    sources: Path
    repository: Path
    out: Path  # compiled programs
    scratch: Path  # removed at the end
    found: dict[str, Runner]
    skipped: list[str]
    targets: list[list[str]] = field(default_factory=list)

    def skip(self, what: str, failure: Failed) -> None:
        self.skipped.append(f"skipped {what}: {failure}")

    def target(self, name: str, wanted: str, measured: str, met: bool) -> None:
        self.targets.append([name, wanted, measured, "met" if met else "MISSED"])

    def chosen(self, *names: str) -> list[Runner]:
        return [self.found[name] for name in names if name in self.found]


def progress(text: str) -> None:
    print(text + " ...", file=sys.stderr, flush=True)
