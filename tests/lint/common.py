# common.py: what the lints share: the list of our files and C without its comments and strings.
# SPDX-License-Identifier: ISC
"""Every lint prints `file:line: reason` for each fault and fails when there was any."""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIP_DIRS = {".git", "autom4te.cache", "build-aux", "__pycache__", "corpus"}


def paths(top=TOP):
    """All files of ours, as paths relative to the top, sorted."""
    found = []
    for folder, dirs, names in os.walk(top):
        dirs[:] = [d for d in dirs if d not in SKIP_DIRS and
                   not (folder == top and (d.startswith("build") or d.startswith("mxkeep-")))]
        found += [os.path.relpath(os.path.join(folder, n), top) for n in names
                  if not n.endswith(("~", ".pyc", ".o"))]
    generated = {"configure", "aclocal.m4", "config.h.in", "Makefile.in"}
    return sorted(p for p in found if p not in generated)


def c_files(*roots):
    """C sources and headers below these folders (default: all that we ship and test)."""
    roots = roots or ("src", "policy", "db", "tests")
    return [p for p in paths() if p.endswith((".c", ".h")) and p.split("/")[0] in roots]


def text(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def is_script(path):
    """The interpreter of a script's first line, or an empty string."""
    with open(os.path.join(TOP, path), "rb") as f:
        first = f.readline(100)
    return first.decode("ascii", "replace") if first.startswith(b"#!") else ""


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code(source, keep_strings=False):
    """C with comments (and the insides of strings) blanked; lines stay where they are."""
    def blank(match):
        t = match.group(0)
        if t[0] in "\"'":
            return t if keep_strings else t[0] + "_" * (len(t) - 2) + t[0]
        return re.sub(r"[^\n]", " ", t)
    return TOKEN.sub(blank, source)


class Faults:
    def __init__(self):
        self.count = 0

    def add(self, path, line, reason):
        print(f"{path}:{line}: {reason}")
        self.count += 1

    def end(self, told):
        """told: one line on what was looked at."""
        print(f"{told}; {self.count} faults")
        sys.exit(1 if self.count else 0)
