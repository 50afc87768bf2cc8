#!/usr/bin/env python3
"""The catalogue of events, from events.hpp and its parts in framework/include/braid, as docs/events.md.

  tests/tidy/event_catalogue.py            prints what docs/events.md should be
  tests/tidy/event_catalogue.py --write    writes it

What stands above the mark is written by hand and stays.
"""

import os
import re
import sys

# In the order of the page.
HEADERS = ("framework/include/braid/event_parts.hpp", "framework/include/braid/events.hpp",
           "framework/include/braid/producer_events.hpp")
VARIANT = "framework/include/braid/event.hpp"
PAGE = "docs/events.md"
MARK = "<!-- From here on written by tests/tidy/event_catalogue.py --write, from the comments of events.hpp. -->"

SECTION = re.compile(r"// --- (.+)$")
STRUCT = re.compile(r"struct (\w+) \{$")
ENUM = re.compile(r"enum class (\w+) : [\w:]+ \{$")
ENTRY = re.compile(r"(\w+),\s*(?://\s*(.*))?$")
MEMBER = re.compile(r"([\w:<>]+) (\w+)(?: = [^;]+|\{\})?;\s*(?://\s*(.*))?$")

TYPES = {
    "std::string": "text", "bool": "yes or no", "std::uint32_t": "number", "std::uint64_t": "number",
    "std::int32_t": "number", "std::int64_t": "number", "Milliseconds": "ms", "Microseconds": "µs",
    "Error::Kind": "kind of `braid::Error`",
}


class Struct:
    def __init__(self, name, file, line, text, section):
        self.name, self.file, self.line, self.text, self.section = name, file, line, text, section
        self.members = []  # [type, name, text, line]
        self.event = None  # its name in logs; None: a part
        self.listed = None  # the fields that its macro names


class Enum:
    def __init__(self, name, file, line, text, section):
        self.name, self.file, self.line, self.text, self.section = name, file, line, text, section
        self.entries = []  # [name, text, line]


def parse(file, text):
    """Structs and enums in their order, and (file, line, what is wrong)."""
    found, problems, comment, section, present, macro = [], [], [], "", None, None
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if macro is not None:
            macro += " " + line
        elif line.startswith("BRAID_EVENT") and present is not None:
            macro = line
        if macro is not None:
            if macro.endswith(")"):
                names = macro[macro.index("(") + 1:-1]
                if macro.startswith("BRAID_EVENT("):
                    present.event, _, names = names.partition(",")
                    present.event = present.event.strip().strip('"')
                present.listed = [name.strip() for name in names.split(",")]
                macro = None
            continue
        if present is None:
            if match := SECTION.match(line):
                section, comment = match.group(1), []
            elif line.startswith("//"):
                comment.append(line.removeprefix("//").strip())
            elif match := STRUCT.match(line) or ENUM.match(line):
                kind = Struct if line.startswith("struct") else Enum
                present = kind(match.group(1), file, number, " ".join(comment), section)
                if not comment:
                    problems.append((file, number, f"{present.name} has no comment: say what it tells"))
                comment = []
            else:
                comment = []
            continue
        if line == "};":
            found.append(present)
            present = None
        elif line.startswith("//"):
            problems.append((file, number, "a comment of its own within a struct: put it behind its field"))
        elif isinstance(present, Enum):
            if match := ENTRY.match(line):
                present.entries.append([match.group(1), match.group(2), number])
        elif match := MEMBER.match(line):
            present.members.append([*match.groups(), number])
        elif line:
            problems.append((file, number, f"'{line}' is no field that this script can read"))
    return found, problems


def check(found, variant):
    """(file, line, what is wrong) of structs that contradict themselves, or the variant."""
    parts = {each.name for each in found if isinstance(each, Struct) and each.event is None}
    events = [each for each in found if isinstance(each, Struct) and each.event is not None]
    names = set()
    for each in found:
        if isinstance(each, Enum):
            for name, text, line in each.entries:
                if not text:
                    yield each.file, line, f"{each.name}::{name} has no comment: say what it means"
            continue
        declared = [name for _, name, _, _ in each.members]
        if each.listed is None:
            yield each.file, each.line, f"{each.name} has neither BRAID_EVENT nor BRAID_EVENT_PART"
        elif declared != each.listed:
            yield (each.file, each.line,
                   f"{each.name} declares {', '.join(declared)}, and its macro lists {', '.join(each.listed)}")
        for kind, name, text, line in each.members:
            if not text and kind not in parts and kind not in ("Outcome", "Next"):
                yield each.file, line, f"{each.name}::{name} has no comment: say what it means, and its unit"
    for each in events:
        if each.event in names:
            yield each.file, each.line, f"two events are called {each.event}"
        names.add(each.event)
        if not re.fullmatch(r"[a-z_]+\.[a-z_]+", each.event):
            yield each.file, each.line, f"'{each.event}' is not of the form about.what"
    listed = re.findall(r"events::(\w+)", variant.split("using Event =", 1)[-1].split(";", 1)[0])
    if listed != [each.name for each in events]:
        yield VARIANT, 1, "the variant Event lists other events than the headers, or in another order"


def words(kind, enums, parts):
    for outer, form in (("std::optional<", "{}, or none"), ("std::vector<", "list of {}")):
        if kind.startswith(outer):
            return form.format(words(kind[len(outer):-1], enums, parts))
    if kind in enums or kind in parts:
        return f"[{kind}](#{kind.lower()})"
    return TYPES.get(kind, kind)


def cell(text):
    return (text or "").replace("|", "\\|").replace("<", "\\<")


def page(found):
    enums = {each.name for each in found if isinstance(each, Enum)}
    parts = {each.name for each in found if isinstance(each, Struct) and each.event is None}
    lines, section = [], None
    for each in found:
        if each.section != section:
            section = each.section
            lines += ["", f"## {section[0].upper()}{section[1:]}"]
        if isinstance(each, Enum):
            lines += ["", f"### {each.name}", "", each.text, "", "| value | meaning |", "|---|---|"]
            lines += [f"| `{name}` | {cell(text)} |" for name, text, _ in each.entries]
            continue
        lines += ["", f"### {each.event or each.name}", ""]
        lines += [f"`braid::events::{each.name}`: {each.text}" if each.event else each.text]
        lines += ["", "| field | type | meaning |", "|---|---|---|"]
        for kind, name, text, _ in each.members:
            meaning = text or ("its fields are the event's" if kind in parts else "")
            lines += [f"| `{name}` | {words(kind, enums, parts)} | {cell(meaning)} |"]
    return "\n".join(lines) + "\n"


def parse_all(headers):
    """As parse(), of all of HEADERS."""
    found, problems = [], []
    for file, text in zip(HEADERS, headers):
        more, wrong = parse(file, text)
        found += more
        problems += wrong
    return found, problems


def findings(headers, variant, document):
    """(file, line, what is wrong)."""
    found, problems = parse_all(headers)
    yield from [*problems, *check(found, variant)]
    head, mark, rest = document.partition(MARK)
    if not mark:
        yield PAGE, 1, f"has no line {MARK}"
    elif rest.lstrip("\n") != page(found).lstrip("\n"):
        line = head.count("\n") + 1
        yield PAGE, line, "differs from the catalogue: tests/tidy/event_catalogue.py --write"


def main():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

    def read(name):
        path = os.path.join(root, name)
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    headers = [read(name) for name in HEADERS]
    found, _ = parse_all(headers)
    head = read(PAGE).partition(MARK)[0]
    text = head + MARK + "\n" + page(found)
    if sys.argv[1:] == ["--write"]:
        with open(os.path.join(root, PAGE), "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)
    bad = [each for each in findings(headers, read(VARIANT), text)]
    for file, line, why in bad:
        print(f"{file}:{line}: {why}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
