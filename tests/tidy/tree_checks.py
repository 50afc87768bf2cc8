"""Checks of the files themselves: names, lengths, words, scripts, links, the compose file."""

import os
import re
import shutil
import subprocess

import event_catalogue
from tree import code_lines

LENGTH_LINES_MAX = 400
TOP = {"CMakeLists.txt", "CMakePresets.json", "README.md", "framework", "apps", "routing", "docs", "tests", "docker"}
FREE_NAMES = {"CMakeLists.txt", "CMakePresets.json", "README.md", "Dockerfile"}
SNAKE = re.compile(r"^[a-z0-9][a-z0-9_]*(\.[a-z0-9_]+)*$")

# Generic on purpose: this file is part of the tree it checks.
MACHINE = [
    (re.compile(r"(?<![\w.$}/-])/(work|root)/"), "a folder of one machine"),
    (re.compile(r"(?<![\w.$}/-])/home/\w"), "a person's home folder"),
    (re.compile(r"(?<![\w.$}/-])/tmp/(?!\$|X)\w"), "a fixed name in the temporary folder (use mktemp, or TMPDIR)"),
    (re.compile(r"https?://(?!maven\.apache\.org/(POM|xsd)/)[\w.-]*(maven|debian|ubuntu|pypi|npmjs|nexus|artifactory|registry|mirror)[\w.-]*"),
     "the host of a package registry (tools know their own)"),
    (re.compile(r"\b[iI]ssue #?\d"), "a number of a tracker that readers may not have"),
]


def top_of_tree(tree):
    """The top of the tree holds what the layout names, and dot files"""
    for top in sorted({name.split("/", 1)[0] for name in tree.files}):
        if top not in TOP and not top.startswith("."):
            yield top, 1, "does not belong at the top: move it into framework, routing, apps, tests, docker or docs"


def file_names(tree):
    """Files and folders are snake_case"""
    for name in tree.files:
        for part in name.split("/"):
            data = name.endswith((".csv", ".json", ".jsonl"))
            if part.startswith(".") or part in FREE_NAMES or data or SNAKE.match(part):
                continue
            yield name, 1, f"'{part}' is not snake_case: rename it"
            break


def file_lengths(tree):
    """Files stay short (a warning only)"""
    for name in tree.cpp():
        count = tree.text(name).count("\n")
        if count > LENGTH_LINES_MAX:
            yield name, count, f"WARN {count} lines, over {LENGTH_LINES_MAX}: look for a decision to move into core"


def pragma_once(tree):
    """Every header is guarded"""
    for name in tree.cpp():
        if name.endswith(".cpp"):
            continue
        if not any(line.strip() == "#pragma once" for _, line in code_lines(tree.text(name))):
            yield name, 1, "add #pragma once"


def no_fixme(tree):
    """What must be mended before it is shared does not reach the main branch"""
    mark = "FIX" + "ME"
    for name in tree.files:
        if not name.endswith((".cpp", ".hpp", ".py", ".sh", ".txt", ".yaml", "run", "setup", "demo", "Dockerfile")):
            continue
        for number, line in tree.lines(name):
            if mark in line:
                yield name, number, f"{mark}: mend it, or make it TODO(issue) if it can wait"


def machine_paths(tree):
    """Nothing in the tree knows a developer's machine"""
    for name in tree.files:
        if name.endswith(".csv"):
            continue
        for number, line in tree.lines(name):
            for pattern, what in MACHINE:
                match = pattern.search(line)
                if match:
                    yield name, number, f"'{match.group(0)}' is {what}: make it relative, or an argument"


def scripts(tree):
    """Scripts parse and may be executed"""
    for name, first in tree.scripts():
        if not os.access(tree.path(name), os.X_OK):
            yield name, 1, "begins with #! but may not be executed: chmod +x"
        if re.search(r"\b(bash|sh)\b", first):
            shell = "bash" if "bash" in first else "sh"
            done = subprocess.run([shell, "-n", tree.path(name)], capture_output=True, text=True, check=False)
            if done.returncode:
                where = re.search(r"line (\d+)", done.stderr)
                yield name, int(where.group(1)) if where else 1, f"does not parse: {done.stderr.strip()}"
    for name in tree.under("", ".py"):
        try:
            compile(tree.text(name), name, "exec", dont_inherit=True)
        except SyntaxError as error:
            yield name, error.lineno or 1, f"does not compile: {error.msg}"


LINK = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)>\s]+)>?[^)]*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def headings(tree, name):
    found = set()
    for _, line in tree.lines(name):
        match = HEADING.match(line)
        if match:
            text = re.sub(r"[^\w\s-]", "", match.group(1).lower())
            found.add(re.sub(r"\s", "-", text.strip()))
    return found


def doc_links(tree):
    """Links between documents lead somewhere"""
    files = set(tree.files)
    folders = {os.path.dirname(name) for name in files}
    for name in tree.under("", ".md"):
        fenced = False
        for number, line in tree.lines(name):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                goal = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
                if goal not in files and goal not in folders:
                    yield name, number, f"the link {target} leads nowhere: there is no {goal}"
                elif anchor and goal.endswith(".md") and anchor.lower() not in headings(tree, goal):
                    yield name, number, f"the link {target} leads nowhere: {goal} has no such heading"


def packages_documented(tree):
    """Every package of the list says in docs/dependencies.md what it is for"""
    packages, document = "tests/packages/packages.txt", "docs/dependencies.md"
    known = tree.text(document) if document in tree.files else ""
    column = None
    for number, line in tree.lines(packages):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if column is None:
            column = len(words)
            continue
        if len(words) != column:
            yield packages, number, f"has {len(words)} columns of {column}: fill in '=' or '-'"
        elif f"`{words[1]}`" not in known:
            yield packages, number, f"`{words[1]}` has no line in {document}: say what for, why, what it replaces"


def compose_form(tree):
    """The compose file has the form that docker expects"""
    for name in tree.under("docker", "compose.yaml"):
        if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True,
                                                     check=False).returncode == 0:
            done = subprocess.run(["docker", "compose", "-f", tree.path(name), "config", "--quiet"],
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                yield name, 1, f"docker compose refuses it: {done.stderr.strip()}"
            continue
        try:
            import yaml  # a Debian package, not part of Python: absence is a skip, not a failure
        except ImportError:
            yield name, 1, "SKIP neither `docker compose` nor python3-yaml is installed"
            continue
        try:
            content = yaml.safe_load(tree.text(name))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            yield name, mark.line + 1 if mark else 1, f"is no YAML: {getattr(error, 'problem', error)}"
            continue
        services = content.get("services") if isinstance(content, dict) else None
        if not isinstance(services, dict) or not services:
            yield name, 1, "has no services"
            continue
        for service, body in services.items():
            if not isinstance(body, dict) or not ({"image", "build"} & body.keys()):
                yield name, 1, f"service {service} has neither image nor build"
                continue
            for other in body.get("depends_on", []):
                if other not in services:
                    yield name, 1, f"service {service} depends on {other}, which does not exist"


INSTRUCTIONS = {"FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR",
                "ARG", "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL"}


def dockerfile_form(tree):
    """Dockerfiles have the form that docker expects, and copy what exists"""
    files = set(tree.files)
    folders = {parent for name in files for parent in parents(name)} | {"."}
    for name in tree.under("docker", "Dockerfile"):
        stages, text = set(), None
        for number, line in tree.lines(name):
            if line.lstrip().startswith("#") or (text is None and not line.strip()):
                continue
            text = line if text is None else text + " " + line.strip()
            if text.endswith("\\"):
                text = text[:-1]
                continue
            words, text = text.split(), None
            if words[0] not in INSTRUCTIONS:
                yield name, number, f"{words[0]} is no instruction of a Dockerfile"
            elif not stages and words[0] not in ("FROM", "ARG"):
                yield name, number, f"{words[0]} comes before the first FROM"
            elif words[0] == "FROM":
                stages.add(words[3] if len(words) == 4 and words[2].upper() == "AS" else "")
            elif words[0] == "COPY":
                source = next((word.removeprefix("--from=") for word in words if word.startswith("--from=")), None)
                if source is not None and source not in stages:
                    yield name, number, f"copies from stage {source}, which does not exist above"
                if source is None:
                    for path in [word for word in words[1:-1] if not word.startswith("--")]:
                        if path not in files and os.path.normpath(path) not in folders:
                            yield name, number, f"copies {path}, which is not in the tree"
        if text is not None:
            yield name, number, "ends in the middle of an instruction"


def events_documented(tree):
    """docs/events.md is what the catalogue of events says"""
    def text(name):
        return tree.text(name) if name in tree.files else ""

    yield from event_catalogue.findings([text(name) for name in event_catalogue.HEADERS],
                                        text(event_catalogue.VARIANT), text(event_catalogue.PAGE))


def parents(name):
    while name := os.path.dirname(name):
        yield name


CHECKS = [top_of_tree, file_names, file_lengths, pragma_once, no_fixme, machine_paths, scripts, doc_links,
          packages_documented, compose_form, dockerfile_form, events_documented]
