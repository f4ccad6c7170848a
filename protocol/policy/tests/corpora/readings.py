#!/usr/bin/env python3
"""Prints the operations of the corpora that some back end could read as a denied one.

    python3 readings.py [FOLDER...]

Written without a look at the judge: it applies the things that back ends do to a path one after another, in every
order, until nothing new comes, and matches each path against the denied rows. Its lines are candidates for
expected-ambiguous.tsv; a person decides. Lines of those files that no reading explains are printed as well.
"""

import itertools
import pathlib
import re
import sys
import tomllib
import unicodedata
import urllib.parse

HERE = pathlib.Path(__file__).parent
MOST = 4_000
# Default_Ignorable_Code_Point, as far as names hold it.
IGNORED = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
                     "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")


def decode(path):
    return urllib.parse.unquote(path, errors="surrogateescape")


def resolve(path):
    kept = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def per_segment(change):
    return lambda path: "/".join(change(segment) for segment in path.split("/"))


def without_marks(path):
    return "".join(c for c in unicodedata.normalize("NFD", path) if not unicodedata.combining(c))


def without_suffix(segment, at):
    """A name that consists of a suffix alone (.gitignore) is no suffix of nothing."""
    return segment[:at] if segment[: max(at, 0)].strip(".") else segment


# The shortest overlong forms of the characters that matter, and the encoding of old IIS.
OVERLONG = {"%c0%af": "/", "%c0%ae": ".", "%c1%9c": "\\", "%c0%bb": ";", "%c0%bf": "?"}

STEPS = [
    decode,
    lambda path: "%2F".join(decode(piece) for piece in re.split("%2f", path, flags=re.I)),
    lambda path: re.sub("%c[01]%[89ab][0-9a-f]", lambda form: OVERLONG.get(form[0].lower(), form[0]), path, flags=re.I),
    lambda path: re.sub("%u([0-9a-f]{4})", lambda form: chr(int(form[1], 16)), path, flags=re.I),
    lambda path: re.sub("/+", "/", path),
    resolve,
    per_segment(lambda segment: segment.split(";")[0]),
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub("[\t\r\n]", "", path),
    lambda path: unicodedata.normalize("NFKC", path),
    without_marks,
    str.casefold,
    lambda path: IGNORED.sub("", path),
    per_segment(lambda segment: segment.strip().strip(". ")),
    per_segment(str.strip),
    per_segment(lambda segment: segment.rstrip(". ")),
    lambda path: path.rstrip("/") or "/",
    per_segment(lambda segment: without_suffix(segment, segment.rfind("."))),
    per_segment(lambda segment: without_suffix(segment, segment.find(".", 1))),
]


def cuts(path):
    return (path[: match.start()] for match in re.finditer(r"[\0?#;]", path))


def readings(target):
    path = target.split("?")[0]
    seen, todo = {path}, [path]
    while todo and len(seen) < MOST:
        path = todo.pop()
        for other in itertools.chain((step(path) for step in STEPS), cuts(path)):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def matches(template, path):
    literals, segments = template.split("/"), path.split("/")
    return len(literals) == len(segments) and all(
        segment and (literal.startswith("{") or literal.casefold() == segment.casefold())
        for literal, segment in zip(literals[1:], segments[1:])
    )


def wanted(method):
    return {method, "GET"} if method == "HEAD" else {method}


def unescape(target):
    raw = re.sub(r"\\(?:\\|x(..))", lambda match: chr(int(match[1], 16)) if match[1] else "\\", target)
    return raw.encode("latin-1").decode("utf-8", errors="surrogateescape")


def candidates(folder, table):
    rows = [row for row in tomllib.loads(table.read_text())["operation"] if row.get("effect", "deny") == "deny"]
    for line in (folder / "operations.tsv").read_text().splitlines():
        method, target = line.split("\t")
        rows_ = [row for row in rows if row["method"] in wanted(method) | {"*"}]
        paths = readings(unescape(target)) if rows_ else ()
        for row in rows_:
            hit = min((path for path in paths if matches(row["path"], path)), key=len, default=None)
            if hit is not None:
                yield f"{folder.name} ({table.stem})\t{line}\t{row['method']} {row['path']}\tread as {hit!r}"


def unexplained(folder):
    for file in folder.glob("expected-ambiguous*.tsv"):
        for line in file.read_text().splitlines():
            method, target, row, _ = line.split("\t")
            row_method, template = row.split(" ")
            paths = readings(unescape(target)) if row_method in wanted(method) | {"*"} else ()
            if not any(matches(template, path) for path in paths):
                yield f"{folder.name}/{file.name}\tno reading of {line}"


def main():
    wanted_folders = sys.argv[1:] or sorted(path.parent.name for path in HERE.glob("*/operations.tsv"))
    for name in wanted_folders:
        folder = HERE / name
        tables = [*folder.glob("policy.toml"), *folder.glob("siblings.toml")]
        tables += [HERE.parent.parent / "policy.toml"] if name == "names" else []
        for table in tables:
            for line in candidates(folder, table):
                print(line, flush=True)
        for line in unexplained(folder):
            print(line, flush=True)


if __name__ == "__main__":
    main()
