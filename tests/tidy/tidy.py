#!/usr/bin/env python3
"""Rules of the tree that a machine can check.

  tests/tidy/tidy.py [--root FOLDER] [--filter REGEX] [--no-self-test] [--list]

Prints PASS, FAIL or SKIPPED for each check, with file, line, what is wrong and what to do. Ends with status 1 if one
failed. Needs nothing but Python's standard library.
"""

import argparse
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import layer_checks  # noqa: E402
import self_test  # noqa: E402
import tree_checks  # noqa: E402
from tree import Tree  # noqa: E402

CHECKS = [*layer_checks.CHECKS, *tree_checks.CHECKS]


def report(name, findings):
    """Prints a check's result; returns whether it passed."""
    failures = 0
    skipped = None
    for file, line, why in sorted(set(findings)):
        if why.startswith("SKIP "):
            skipped = why.removeprefix("SKIP ")
        elif why.startswith("WARN "):
            print(f"WARN {name}: {file}:{line}: {why.removeprefix('WARN ')}")
        else:
            failures += 1
            print(f"FAIL {name}: {file}:{line}: {why}")
    if not failures:
        print(f"SKIPPED {name}: {skipped}" if skipped else f"PASS {name}")
    return not failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--filter", default="", help="run the checks whose name matches this regular expression")
    parser.add_argument("--no-self-test", action="store_true", help="do not plant violations")
    parser.add_argument("--list", action="store_true", help="print the checks and run none")
    arguments = parser.parse_args()

    wanted = re.compile(arguments.filter)
    if arguments.list:
        for check in CHECKS:
            print(f"{check.__name__:22} {check.__doc__}")
        return 0

    tree = Tree(arguments.root)
    passed = True
    for check in CHECKS:
        if wanted.search(check.__name__):
            passed &= report(check.__name__, check(tree))
    if not arguments.no_self_test:
        tested = [check for check in CHECKS if wanted.search(f"self_test.{check.__name__}")]
        for name, problem in self_test.run(tree, tested) if tested else []:
            passed &= report(f"self_test.{name}", [("tests/tidy/self_test.py", 1, problem)] if problem else [])
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
