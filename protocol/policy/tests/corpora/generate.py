#!/usr/bin/env python3
"""Writes operations.tsv and walkarounds.tsv of every API from its templates.txt and denied.tsv.

    python3 generate.py            writes the files
    python3 generate.py --check    fails when a file is not what would be written

The same input gives the same files: nothing is drawn at random. README.md describes the formats.
"""

import hashlib
import itertools
import pathlib
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True

import names  # noqa: E402
import walkarounds  # noqa: E402

HERE = pathlib.Path(__file__).parent
SLOT = re.compile(r"\{([+=]?)(\w+)\}")
# What clients leave as it is when they encode a segment: RFC 3986, JavaScript's encodeURIComponent, Go's PathEscape.
ENCODERS = ["-._~", "-._~!'()*", "-._~$&+=:@"]


def character(match):
    return chr(int(match[1], 16))


def sections(path):
    """The lines of each `[section]`, without comments and blank lines."""
    found, lines = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            lines = found.setdefault(heading[1], [])
        elif line and not line.startswith("# "):
            lines.append(re.sub(r"\\u\{(\w+)\}", character, line))
    return found


def order(salt, values):
    """The values in an order that is another for each template."""
    return sorted(values, key=lambda value: hashlib.sha256(f"{salt}\0{value}".encode()).digest())


def encode(kind, value, turn):
    if kind == "=":
        return value
    safe = ENCODERS[turn % len(ENCODERS)] + ("/" if kind == "+" else "")
    return urllib.parse.quote(value, safe=safe)


def expand(template, values):
    """`12*GET /x/{slot}` gives up to 12 lines, else 6; a template without slots gives one."""
    count, line = re.fullmatch(r"(?:(\d+)\*)?(.*)", template).groups(default="6")
    slots = {name: itertools.cycle(order(line + name, values[name])) for _, name in SLOT.findall(line)}
    for turn in range(int(count) if slots else 1):
        drawn = {name: next(source) for name, source in slots.items()}
        method, target = SLOT.sub(lambda slot: encode(slot[1], drawn[slot[2]], turn), line).split(" ", 1)
        yield f"{method}\t{escape(target)}"


def escape(target):
    """As apikeyctl policy test --from reads it."""
    written = (f"\\x{byte:02x}" if byte < 0x21 or byte > 0x7E else chr(byte) for byte in target.encode())
    return "".join("\\\\" if text == "\\" else text for text in written)


def operations(folder):
    own = sections(folder / "templates.txt")
    values = sections(HERE / "shared.txt") | own
    lines = itertools.chain.from_iterable(expand(line, values) for line in own["templates"])
    return list(dict.fromkeys(lines))


def files():
    for templates in sorted(HERE.glob("*/templates.txt")):
        folder = templates.parent
        yield folder / "operations.tsv", operations(folder)
        denied = (folder / "denied.tsv").read_text(encoding="utf-8").splitlines()
        yield folder / "walkarounds.tsv", list(walkarounds.of(denied))
    for name, lines in names.files(sections(HERE / "names" / "names.txt")):
        yield HERE / "names" / name, [escape_line(line) for line in lines]


def escape_line(line):
    method, target = line
    return f"{method}\t{escape(target)}"


def main():
    stale = []
    for path, lines in files():
        text = "".join(line + "\n" for line in lines)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(HERE)))
    sys.exit(f"not what generate.py writes: {', '.join(stale)}" if stale else 0)


if __name__ == "__main__":
    main()
