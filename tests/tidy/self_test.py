"""Shows that each check can fail: plants a violation in a copy of the tree and looks for it in the check's findings."""

import os
import shutil
import tempfile

from tree import Tree

# check: [(file to plant, its text, or None to append to the file that is there)]
PLANTS = {
    "layers": [
        ("framework/core/planted.cpp", '#include "engine/planted.hpp"\n'),
        ("framework/adapters/planted.cpp", '#include "core/planted.hpp"\n'),
        ("framework/engine/planted.cpp", '#include "adapters/planted.hpp"\n'),
        ("framework/include/braid/planted.hpp", '#pragma once\n#include "core/planted.hpp"\n'),
        ("routing/src/planted.cpp", "#include <braid/planted_other.hpp>\n"),
        ("apps/planted/planted.cpp", '#include "engine/planted.hpp"\n'),
        ("framework/engine/planted_absent.cpp", '#include "core/no_such_file.hpp"\n'),
    ],
    "outside_headers": [
        ("framework/core/planted.cpp", "#include <librdkafka/rdkafka.h>\n"),
        ("framework/engine/planted.cpp", '#include "rdkafka.h"\n'),
        ("apps/planted/planted.cpp", "#  include <librdkafka/rdkafka_mock.h>\n"),
        ("framework/include/braid/planted.hpp", "#pragma once\n#include <spdlog/spdlog.h>\n"),
    ],
    "purity": [
        ("framework/core/planted.cpp", "#include <mutex>\n"),
        ("framework/core/planted.cpp", "auto t = std::chrono::steady_clock::now();\n"),
        ("framework/core/planted.cpp", "std::jthread runs_where_it_may_not;\n"),
        ("routing/src/planted.cpp", "void f() { std::random_device chance; }\n"),
        ("routing/src/planted.cpp", 'std::ifstream file("x");\n'),
        ("routing/src/planted.cpp", 'void f() { printf("x"); }\n'),
        ("framework/core/planted.cpp", "std::this_thread::sleep_for(1s);\n"),
    ],
    "top_of_tree": [("planted.txt", "x\n")],
    "file_names": [("framework/core/PlantedFile.cpp", ""), ("docs/planted-page.md", "")],
    "file_lengths": [("framework/core/planted.cpp", "\n" * 401)],
    "pragma_once": [("framework/include/braid/planted.hpp", "// #pragma once\nnamespace braid {}\n")],
    "no_fixme": [("framework/core/planted.cpp", "// FIX" + "ME: not yet\n")],
    "machine_paths": [
        ("docs/planted.md", "see /wo" + "rk/main\n"),
        ("docs/planted.md", "see /tmp/" + "planted\n"),
        ("docs/planted.md", "as issu" + "e 12 says\n"),
        ("docs/planted.md", "from https://repo.mav" + "en.example.org\n"),
    ],
    "scripts": [
        ("tests/planted", "#!/usr/bin/env bash\nif true; then\n"),
        ("tests/planted.py", "def broken(:\n"),
    ],
    "doc_links": [
        ("docs/planted.md", "[gone](no_such_page.md)\n"),
        ("docs/planted.md", "# Here\n[gone](#there)\n"),
    ],
    "packages_documented": [("tests/packages/packages.txt", None, "build  libplanted-dev  =  =\n")],
    "compose_form": [
        ("docker/planted_compose.yaml", "services: {a: {image: x}, b: {ports: []}}\n"),
        ("docker/planted_compose.yaml", "services: [\n"),
    ],
    "dockerfile_form": [
        ("docker/planted/Dockerfile", "FROM a\nCOPI . .\n"),
        ("docker/planted/Dockerfile", "FROM a AS b\nCOPY --from=c /x /x\n"),
        ("docker/planted/Dockerfile", "FROM a\nCOPY no_such_file /x\n"),
    ],
    "events_documented": [
        ("docs/events.md", None, "### planted.event\n"),
        ("framework/include/braid/events.hpp", None, "struct Planted {\n  bool yes = true;\n};\n"),
    ],
}
# What planted includes mean must exist, or `layers` would complain of its absence only.
PROPS = {
    "framework/core/planted.hpp": "#pragma once\n",
    "framework/engine/planted.hpp": "#pragma once\n",
    "framework/adapters/planted.hpp": "#pragma once\n",
    "framework/include/braid/planted_other.hpp": "#pragma once\n",
}


def write(root, name, text, append=False):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a" if append else "w", encoding="utf-8") as file:
        file.write(text)
    if text.startswith("#!"):
        os.chmod(path, 0o755)


def run(tree, checks):
    """Yields (check, problem): problem is None if every planted violation was found."""
    with tempfile.TemporaryDirectory(prefix="braid_tidy_") as folder:
        copy = os.path.join(folder, "tree")
        for name in tree.files:
            if name.endswith(".csv"):
                continue
            os.makedirs(os.path.dirname(os.path.join(copy, name)), exist_ok=True)
            shutil.copy2(tree.path(name), os.path.join(copy, name))
        for name, text in PROPS.items():
            write(copy, name, text)
        clean = {}
        for check in checks:
            clean[check.__name__] = set(check(Tree(copy)))
        for check in checks:
            yield check.__name__, _plant(copy, check, clean[check.__name__])


def _plant(copy, check, before):
    plants = PLANTS.get(check.__name__)
    if not plants:
        return f"nothing is planted for it: add a violation to PLANTS in {os.path.basename(__file__)}"
    for name, *text in plants:
        path = os.path.join(copy, name)
        kept = None
        if text[0] is None:
            with open(path, encoding="utf-8") as file:
                kept = file.read()
        write(copy, name, text[-1], append=kept is not None)
        found = {(where, line, why) for where, line, why in set(check(Tree(copy))) - before
                 if where == name and not why.startswith("SKIP")}
        if kept is None:
            os.remove(path)
        else:
            write(copy, name, kept)
        if not found and not any(why.startswith("SKIP") for _, _, why in before):
            return f"a violation planted in {name} was not found: {text[-1].strip()[:60]!r}"
    return None
