"""Runs every test of the catalogue of faults in a process of its own, and says how long it took and how much memory it and the
programs that it started ever held: `fault_figures.py [DOCUMENT]`, into a table of the document (docs/reliability.md)."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEMORY_MAX_MB = 1024
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def test_binary():
    build = ["cargo", "test", "--quiet", "--test", "main", "--no-run", "--message-format=json"]
    lines = subprocess.run(build, check=True, capture_output=True, text=True).stdout.splitlines()
    built = [json.loads(line) for line in lines if line.startswith("{")]
    return next(one["executable"] for one in built if one.get("executable") and one["target"]["name"] == "main")


def run(binary, name):
    """Whether the test passed, its seconds, the megabytes of the largest process, and what it printed."""
    with tempfile.TemporaryFile("w+") as out:
        start = time.monotonic()
        child = subprocess.Popen(
            [binary, "--exact", name, "--include-ignored", "--nocapture"], stdout=out, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        out.seek(0)
        text = out.read()
    return status == 0 and "1 passed" in text, seconds, usage.ru_maxrss / 1024, text


def rows_of(name):
    """The rows of the catalogue that a test is named after: `row_9_…`, `rows_7_to_9_…`, `rows_5_and_6_…`."""
    found = re.match(r"rows?_(\d+)(?:_(to|and)_(\d+))?_", name)
    if not found:
        return "–", 1_000
    first, joint, last = found.groups()
    joint = {"to": "–", "and": ", ", None: ""}[joint]
    return f"{first}{joint}{last or ''}", int(first)


def main(document):
    binary = test_binary()
    listed = subprocess.run([binary, "--list", "--include-ignored"], check=True, capture_output=True, text=True).stdout
    names = [line.removesuffix(": test") for line in listed.splitlines() if line.startswith("faults::")]
    lines, bad = [], []
    for name in sorted(names, key=lambda name: (rows_of(name.split("::")[-1])[1], name)):
        passed, seconds, megabytes, text = run(binary, name)
        _, module, test = name.split("::")
        rows, _ = rows_of(test)
        figure = "; ".join(re.findall("^figure: (.*)$", text, re.MULTILINE)) if passed else "**failed**"
        lines.append(f"| {rows} | `{module}::{test}` | {seconds:.1f} | {megabytes:.0f} | {figure} |")
        print(lines[-1], flush=True)
        if not passed or megabytes > MEMORY_MAX_MB:
            bad.append(f"{name}\n{text}")
    if document:
        text = document.read_text()
        before, rest = text.split(BEGIN)
        head = "| row | test | s | peak MB | figure |\n|---|---|---:|---:|---|"
        document.write_text("\n".join([before + BEGIN, head, *lines, END + rest.split(END)[1]]))
    if bad:
        sys.exit("failed, or more than a gigabyte:\n" + "\n".join(bad))


main(Path(sys.argv[1]) if sys.argv[1:] else None)
