"""Checks of the architecture: who includes whom, where Kafka's client may be seen, and what must stay pure."""

import os
import re

from tree import code_lines

LAYERS_FILE = "tests/tidy/layers.txt"
# In the order of the compiler's search: what an include line may be relative to, besides its own folder.
INCLUDE_ROOTS = ("routing/include", "framework/include", "framework/testing/include",
                 "framework/stores/sqlite/include", "framework/stores/postgres/include",
                 "framework/metrics/include", "framework/ops/include", "framework", "routing/src",
                 "framework/testing/src", "", "tests")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

IMPURE_HEADERS = {
    "thread", "mutex", "shared_mutex", "condition_variable", "atomic", "future", "semaphore", "latch", "barrier",
    "stop_token", "fstream", "iostream", "cstdio", "stdio.h", "ctime", "time.h", "pthread.h", "unistd.h",
}
# What the exceptions in layers.txt may include.
EXCEPTION_HEADERS = {"files": {"fstream", "cstdio"}, "output": {"iostream", "cstdio"}}
IMPURE_CODE = [
    (re.compile(r"\bstd::(jthread|thread|this_thread|async|future|promise)\b"), "a thread"),
    (re.compile(r"\bstd::(\w*mutex|\w*lock|lock_guard|condition_variable\w*|\w*semaphore|latch|barrier|call_once)\b"),
     "a lock"),
    (re.compile(r"\bstd::atomic\w*|\bpthread_\w+|\bthread_local\b"), "an atomic or thread state"),
    (re.compile(r"\b\w*[cC]lock::now\b|\b(clock_gettime|gettimeofday|localtime\w*|gmtime\w*)\s*\(|\bstd::time\s*\("),
     "a clock"),
    (re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b"), "a sleep"),
    (re.compile(r"\brandom_device\b|\bs?rand\s*\(|\bgetrandom\b"), "chance that no seed repeats"),
    (re.compile(r"\bstd::(cout|cerr|clog|cin)\b|\b(std::)?(printf|fprintf|puts|fputs|fwrite)\s*\("), "output"),
    (re.compile(r"\b(std::)?(getenv|system|popen)\s*\(|\b(eventfd|epoll_\w+)\s*\(|::socket\s*\("),
     "the process's surroundings"),
]
# A path is a value; what asks the file system is not.
FILE_CODE = re.compile(r"\bstd::[io]?fstream\b|\bfopen\s*\(|\bstd::filesystem::(?!path\b)\w+")


class Rules:
    """What layers.txt says."""

    def __init__(self, tree):
        self.layers = []  # (folder, name, set of layers it may include)
        self.only, self.never, self.pure, self.excepted = [], [], [], {}
        for number, line in tree.lines(LAYERS_FILE):
            words = line.split("#", 1)[0].replace(":", " ").split()
            if not words:
                continue
            kind, rest = words[0], words[1:]
            if kind == "layer":
                self.layers.append((rest[1], rest[0], set(rest[2:])))
            elif kind == "only":
                self.only.append((rest[0].lstrip("<"), rest[1:]))
            elif kind == "never":
                self.never.append((rest[0].lstrip("<"), rest[1:]))
            elif kind == "pure":
                self.pure.append(rest[0])
            elif kind == "except":
                self.excepted[rest[0]] = set(rest[1:])
            else:
                raise SystemExit(f"{LAYERS_FILE}:{number}: unknown rule '{kind}'")
        self.layers.sort(key=lambda layer: -len(layer[0]))

    def layer_of(self, name):
        for folder, layer, allowed in self.layers:
            if below(name, folder):
                return layer, allowed
        return None, set()


def below(name, folder):
    return name.startswith(folder.rstrip("/") + "/")


def includes(tree, name):
    for number, line in code_lines(tree.text(name), keep_strings=True):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def resolve(files, name, quote, included):
    """The file of the tree that an include line means; None for one from outside; "" for one that can't be found."""
    places = [os.path.dirname(name)] if quote == '"' else []
    for root in [*places, *INCLUDE_ROOTS]:
        candidate = os.path.normpath(os.path.join(root, included))
        if candidate in files:
            return candidate
    return "" if quote == '"' or included.startswith("braid/") else None


def layers(tree):
    """Includes go down only"""
    rules, files = Rules(tree), set(tree.files)
    for name in tree.cpp():
        layer, allowed = rules.layer_of(name)
        if layer is None:
            yield name, 1, f"this folder has no layer: give it a line in {LAYERS_FILE}"
            continue
        for number, quote, included in includes(tree, name):
            target = resolve(files, name, quote, included)
            if target is None:
                continue
            if not target:
                yield name, number, f"no file of the tree is meant by {included}: correct the path"
                continue
            other, _ = rules.layer_of(target)
            if other != layer and "*" not in allowed and other not in allowed:
                yield (name, number, f"{layer} may not include {other} ({included}): move what both need down, "
                       f"or reach it through a port ({LAYERS_FILE} has the rule)")


def outside_headers(tree):
    """rdkafka.h and other outside headers stay behind their adapters"""
    rules = Rules(tree)
    for name in tree.cpp():
        for number, _, included in includes(tree, name):
            plain = "librdkafka/rdkafka.h" if included in ("rdkafka.h", "rdkafka_mock.h") else included
            for prefix, folders in rules.only:
                if plain.startswith(prefix) and not any(below(name, folder) for folder in folders):
                    yield (name, number, f"<{included}> may be included below {', '.join(folders)} alone: "
                           "put what you need behind a port")
            for prefix, folders in rules.never:
                if plain.startswith(prefix) and any(below(name, folder) for folder in folders):
                    yield name, number, f"<{included}> may not be included here: forward-declare, or move the code up"


def purity(tree):
    """core and routing have no threads, locks, clocks, chance or I/O"""
    rules = Rules(tree)
    for name in tree.cpp():
        if not any(below(name, folder) for folder in rules.pure):
            continue
        excepted = rules.excepted.get(name, set())
        headers = set().union(*(EXCEPTION_HEADERS[what] for what in excepted))
        for number, _, included in includes(tree, name):
            if included in IMPURE_HEADERS and included not in headers:
                yield name, number, f"<{included}> in a pure folder: take time, chance and input as arguments"
        for number, line in code_lines(tree.text(name)):
            for pattern, what in IMPURE_CODE:
                match = pattern.search(line)
                if match and what not in excepted:
                    yield name, number, f"{what} ({match.group(0).strip()}) in a pure folder: make it an argument"
            match = FILE_CODE.search(line)
            if match and "files" not in excepted:
                yield name, number, (f"file access ({match.group(0)}) in a pure folder: the one place that may is "
                                     f"named in {LAYERS_FILE} (except)")


CHECKS = [layers, outside_headers, purity]
