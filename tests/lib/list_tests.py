#!/usr/bin/env python3
"""Prints the tests of a ring from its sources, without building them: list_tests.py FOLDER [REGEX]."""

import pathlib
import re
import signal
import sys

signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `tests/run --list | head` is no error

TEST = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\s*\(\s*(\w+)\s*,\s*(\w+)",
                  re.MULTILINE)

wanted = re.compile(sys.argv[2] if len(sys.argv) > 2 else "")
for source in sorted(pathlib.Path(sys.argv[1]).rglob("*.cpp")):
    for suite, name in TEST.findall(source.read_text(encoding="utf-8", errors="replace")):
        if wanted.search(f"{suite}.{name}"):
            print(f"  {suite}.{name}")
