"""The tree under test: which files there are, and C++ text without comments and strings."""

import os
import re
import subprocess

SKIPPED_FOLDERS = {".git", ".cache", "__pycache__", "node_modules"}


class Tree:
    """Files of one tree, by paths relative to its root. Reads each file once."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.files = sorted(self._list())
        self._texts = {}

    def _list(self):
        # What git ignores is no part of the tree; a copy without .git is taken whole, but for build folders.
        if os.path.isdir(os.path.join(self.root, ".git")):
            listed = subprocess.run(
                ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                capture_output=True, check=False)
            if listed.returncode == 0:
                names = listed.stdout.decode(errors="surrogateescape").split("\0")
                return {name for name in names if name and os.path.isfile(os.path.join(self.root, name))}
        found = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS
                          and not (folder == self.root and name.startswith("build"))]
            found.update(os.path.relpath(os.path.join(folder, name), self.root) for name in names)
        return found

    def path(self, name):
        return os.path.join(self.root, name)

    def text(self, name):
        if name not in self._texts:
            with open(self.path(name), "rb") as file:
                content = file.read()
            self._texts[name] = "" if b"\0" in content else content.decode("utf-8", errors="replace")
        return self._texts[name]

    def lines(self, name):
        return enumerate(self.text(name).splitlines(), start=1)

    def under(self, folder, *endings):
        prefix = folder.rstrip("/") + "/" if folder else ""
        return [name for name in self.files if name.startswith(prefix) and (not endings or name.endswith(endings))]

    def cpp(self):
        return [name for name in self.files if name.endswith((".cpp", ".hpp", ".h"))]

    def scripts(self):
        """(file, interpreter) of every file that begins with #!."""
        found = []
        for name in self.files:
            if name.endswith((".cpp", ".hpp", ".csv", ".md")):
                continue
            first = self.text(name).split("\n", 1)[0]
            if first.startswith("#!"):
                found.append((name, first))
        return found


_COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^\s()\\]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)


def code_lines(text, keep_strings=False):
    """The lines of C++ text with comments (and strings) blanked; line numbers stay."""

    def blank(match):
        piece = match.group(0)
        if keep_strings and not piece.startswith(("//", "/*")):
            return piece
        return "\n" * piece.count("\n") or " "

    return enumerate(_COMMENT_OR_STRING.sub(blank, text).split("\n"), start=1)
