#!/usr/bin/env python3
"""compare.py PROGRAM THEIRS OURS: whether a validation program reports the same of two runtimes.

Compared are the exit status, every result (TAP, its number left out: some programs look at things in no order) with the
diagnostics below it, and the results of the container's own program that a diagnostic quotes. Left out is what is a
runtime's own wording (its standard error), and what is another in each run.
"""
import collections
import json
import re
import sys

RESULT = re.compile(r"^(ok|not ok) \d+ ?(.*)$")
CHANGING = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\b(ocitest|target|mount|example)[0-9]{5,}\b"), r"\1N"),
]
OWN_WORDS = {"stderr"}
# What these report depends on who is first, with one and the same runtime: only how they end is compared. A hook that
# does not read its standard input may have ended when crun writes to it, which then dies of SIGPIPE; `pidfile` kills a
# program that ends by itself.
RACING = {"hooks", "pidfile", "poststart", "poststart_fail", "poststop", "poststop_fail", "prestart", "prestart_fail"}


def steady(text):
    for pattern, name in CHANGING:
        text = pattern.sub(name, text)
    return text


def results(text):
    """The results in TAP output, how often each is there."""
    found = collections.Counter()
    last, block = "before the first", None
    for line in text.splitlines():
        result = RESULT.match(line)
        if result:
            last = f"{result[1]} {steady(result[2])}"
            found[last] += 1
        elif line.strip() == "---":
            block = []
        elif line.strip() == "..." and block is not None:
            said = json.loads("\n".join(block))
            for line_below, count in results(said.pop("stdout", "")).items():
                found[f"{last}: inside: {line_below}"] += count
            told = {key: value for key, value in said.items() if key not in OWN_WORDS}
            found[f"{last}: {steady(json.dumps(told, sort_keys=True))}"] += 1
            block = None
        elif block is not None:
            block.append(line)
        elif line.startswith("1.."):
            found[line] += 1
    return found


def main():
    program, *folders = sys.argv[1:]
    reports = []
    for folder in folders:
        with open(f"{folder}/{program}.status", encoding="utf-8") as status:
            report = collections.Counter({f"exit status {status.read().strip()}": 1})
        if program not in RACING:
            with open(f"{folder}/{program}.out", encoding="utf-8", errors="replace") as out:
                report += results(out.read())
        reports.append(report)
    theirs, ours = reports
    if "exit status 124" in theirs + ours:
        sys.exit(f"{program} took too long")
    for line in (theirs - ours).elements():
        print(f"- {line}")
    for line in (ours - theirs).elements():
        print(f"+ {line}")
    sys.exit(theirs != ours)


main()
