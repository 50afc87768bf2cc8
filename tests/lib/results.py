#!/usr/bin/env python3
"""Reads what one ring left behind, prints its summary, and adds its counts to a file of totals.

Used by tests/run. A ring that ended badly without naming a failed test (a crash, the time limit, a sanitizer's report)
counts as one failure more, so that nothing is lost by dying.
"""

import argparse
import json
import os
import re
import sys

RAN = re.compile(r"^\[ RUN      \] (\S+)")
ENDED = re.compile(r"^\[ *(OK|FAILED|SKIPPED) *\] ([^\s,]+)")
REPORT = re.compile(r"(WARNING: ThreadSanitizer|ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|assertion failed)")
FAILURE = re.compile(r": Failure$|^unknown file: ")
FAILURE_LINES = 12
TAIL_LINES = 40


def read_log(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def from_log(lines):
    """(passed, failed, {skipped: reason}, the test that had begun and not ended, {test: its lines}) of a gtest log."""
    passed, failed, skipped, texts = [], [], {}, {}
    running = None
    for line in lines:
        begun, ended = RAN.match(line), ENDED.match(line)
        if begun:
            running = begun.group(1)
            texts[running] = []
        elif ended and ended.group(2) == running:
            verdict = ended.group(1)
            if verdict == "OK":
                passed.append(running)
            elif verdict == "FAILED":
                failed.append(running)
            else:
                text = [piece for piece in texts[running] if piece.strip()]
                places = [index for index, piece in enumerate(text) if piece.endswith(": Skipped")]
                skipped[running] = " ".join(text[places[-1] + 1:]) if places else " ".join(text)
            running = None
        elif running:
            texts[running].append(line)
    return passed, failed, skipped, running, texts


def telling(text):
    """The lines of a failed test that say why: what its assertions said, then the end of its output."""
    tail = max(0, len(text) - TAIL_LINES)
    shown, until = [], 0
    for index, line in enumerate(text[:tail]):
        if FAILURE.search(line):
            until = index + FAILURE_LINES
        if index < until:
            shown.append(line)
    return shown + (["..."] if shown else []) + text[tail:]


def read_gtest(arguments, lines):
    passed, failed, skipped, running, texts = from_log(lines)
    complete = True
    try:
        with open(arguments.json, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        complete = False
    else:
        passed, failed, reasons = [], [], skipped
        skipped = {}
        for suite in document.get("testsuites", []):
            for test in suite.get("testsuite", []):
                name = f"{suite['name']}.{test['name']}"
                if test.get("failures"):
                    failed.append(name)
                elif test.get("result") == "SKIPPED":
                    skipped[name] = reasons.get(name, "no reason given")
                elif test.get("status") == "NOTRUN":
                    skipped[name] = "disabled in its source"
                else:
                    passed.append(name)
    problems = []
    status = arguments.status
    if not complete or (status != 0 and not failed):
        what = ("ran into its time limit" if status in (124, 137) else
                f"died of signal {status - 128}" if status > 128 else f"ended with status {status}")
        where = f" in {running}" if running else ""
        problems.append(f"{arguments.ring}_tests {what}{where}" + ("" if complete else " and left no result file"))
    return passed, failed, skipped, problems, texts


def read_tidy(arguments, lines):
    passed, failed, skipped, texts = [], [], {}, {}
    for line in lines:
        kind, _, rest = line.partition(" ")
        name, _, why = rest.partition(": ")
        if kind == "PASS":
            passed.append(rest)
        elif kind == "FAIL":
            if name not in failed:
                failed.append(name)
            texts.setdefault(name, []).append(why)
        elif kind == "SKIPPED":
            skipped[name] = why
    problems = []
    if arguments.status != 0 and not failed:
        problems.append(f"tidy.py ended with status {arguments.status}")
    return passed, failed, skipped, problems, texts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--ring", required=True)
    parser.add_argument("--build", required=True, help="the preset, for the summary")
    parser.add_argument("--json", default="", help="GoogleTest's result file; without it the log is tidy's")
    parser.add_argument("--log", required=True)
    parser.add_argument("--status", type=int, required=True)
    parser.add_argument("--seconds", required=True)
    parser.add_argument("--totals", required=True)
    arguments = parser.parse_args()

    lines = read_log(arguments.log)
    passed, failed, skipped, problems, texts = (read_gtest if arguments.json else read_tidy)(arguments, lines)

    for name in failed:
        print(f"  FAILED {name}")
        for line in telling(texts.get(name, [])):
            print(f"    {line}")
    for problem in problems:
        print(f"  FAILED {problem}; the log's end, or the sanitizer's first report:")
        first = next((index for index, line in enumerate(lines) if REPORT.search(line)), None)
        shown = lines[-TAIL_LINES:] if first is None else lines[max(0, first - 2):first + TAIL_LINES]
        for line in shown:
            print(f"    {line}")
    for name, reason in skipped.items():
        print(f"  SKIPPED {name}: {reason}")
    for line in lines:
        if line.startswith(("RESULT ", "WARN ", "TABLE ")):
            print(f"  {line}")

    bad = len(failed) + len(problems)
    print(f"  {arguments.ring:<12} {arguments.build:<8} {len(passed):>5} passed {bad:>4} failed "
          f"{len(skipped):>4} skipped {arguments.seconds:>8} s")
    if bad:
        print(f"  whole log: {os.path.relpath(arguments.log)}")
    with open(arguments.totals, "a", encoding="utf-8") as file:
        file.write(f"{len(passed)} {bad} {len(skipped)}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
