#!/usr/bin/env python3
"""Writes table.rs: what a character can become as ASCII in the hands of a back end.

usage: make_table.py DIRECTORY > table.rs

DIRECTORY holds bestfit*.txt of https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WindowsBestFit/. The Unicode data
are those of the Python that runs it (or of the module unicodedata2, if there).

For each character all texts are made that come out of these steps, in every order: NFKC, NFKD, lower case, upper case,
case folding, marks off, invisible characters off, every space a blank, and the best-fit table of each code page (targets that are ASCII).
Those that are ASCII count, in lower case. Left out: texts with characters that stand in no literal and part nothing
(such as ^ and "), the private use area at F000 (a rule in fold.rs), and the pictures of control characters in code
page 874, which give controls there.
"""

import glob
import os
import sys

try:
    import unicodedata2 as unicode
except ImportError:
    import unicodedata as unicode

LITERAL = set("abcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@")
PARTING = set("/\\%?#; ")
IGNORABLE = [
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]


def pages(directory):
    for name in sorted(glob.glob(os.path.join(directory, "bestfit*.txt"))):
        single, fitted, mode = {}, {}, None
        for line in open(name, "rb"):
            fields = line.split(b";")[0].split()
            if not fields:
                continue
            if fields[0] in (b"CODEPAGE", b"CPINFO", b"MBTABLE", b"WCTABLE", b"DBCSRANGE", b"DBCSTABLE"):
                mode = fields[0]
                continue
            try:
                code, value = int(fields[0], 16), int(fields[1], 16)
            except (ValueError, IndexError):
                continue
            if mode == b"MBTABLE":
                single[code] = value
            elif mode == b"WCTABLE":
                fitted[code] = value
        yield {chr(c): chr(b) for c, b in fitted.items() if c >= 0x80 and b < 0x80}


def is_invisible(c):
    code = ord(c)
    return (
        any(first <= code <= last for first, last in IGNORABLE)
        or unicode.category(c) in ("Cf", "Cc", "Cs", "Zl", "Zp")
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
        or 0xFFF9 <= code <= 0xFFFD
    )


def steps(directory):
    yield lambda s: unicode.normalize("NFKC", s)
    yield lambda s: unicode.normalize("NFKD", s)
    yield str.lower
    yield str.upper
    yield str.casefold
    yield lambda s: "".join(c for c in s if not unicode.category(c).startswith("M"))
    yield lambda s: "".join(c for c in s if not is_invisible(c))
    yield lambda s: "".join(" " if unicode.category(c) == "Zs" else c for c in s)
    for page in pages(directory):
        yield lambda s, page=page: "".join(page.get(c, c) for c in s)


def texts(code, ways):
    seen, todo = {chr(code)}, [chr(code)]
    while todo:
        text = todo.pop()
        for way in ways:
            other = way(text)
            if other not in seen:
                seen.add(other)
                todo.append(other)
    ascii_only = {text.lower() for text in seen if text.isascii()}
    fit = {text for text in ascii_only if set(text) <= LITERAL | PARTING}
    if fit and 0x2190 <= code <= 0x266F or code in (0xA7, 0xB6, 0x203C) or 0xFFE9 <= code <= 0xFFEE:
        fit.discard("")
    return sorted(fit)


def wrapped(items, separator=" "):
    line = "   "
    for item in items:
        if len(line) + 1 + len(item) > 108:
            print(line)
            line = "   "
        line += separator + item
    print(line)


def main():
    ways = list(steps(sys.argv[1]))
    folds = {}
    for code in range(0x80, 0x110000):
        if 0xD800 <= code <= 0xDFFF or 0xF000 <= code <= 0xF0FF:
            continue
        found = texts(code, ways)
        if found:
            folds[code] = found
    dropped = [code for code, found in folds.items() if found == [""]]
    single = {code: found[0] for code, found in folds.items() if len(found) == 1 and len(found[0]) == 1}
    longer = {code: found[0] for code, found in folds.items() if len(found) == 1 and len(found[0]) > 1}
    several = {code: found for code, found in folds.items() if len(found) > 1}
    print("//! Written by make_table.py, from Unicode %s and Microsoft's best-fit tables. Do not edit." % unicode.unidata_version)
    print("\n/// Characters that some server drops: marks, and what nobody sees. First and last of each range.")
    print("pub(super) const DROPPED: &[(u32, u32)] = &[")
    ranges = []
    for code in sorted(dropped):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    wrapped("(0x%x, 0x%x)," % tuple(r) for r in ranges)
    print("];\n\n/// Runs of characters that become one: the first of the run, and what each becomes; `^` for nothing.")
    print("pub(super) const SINGLE: &[(u32, &[u8])] = &[")
    run = []
    for code in sorted(single) + [1 << 30]:
        if run and code - run[-1] > 8:
            text = "".join(single.get(c, "^") for c in range(run[0], run[-1] + 1))
            for at in range(0, len(text), 88):
                print('    (0x%x, br"%s"),' % (run[0] + at, text[at:at + 88]))
            run = []
        run.append(code)
    print("];\n\n/// Characters that become several.")
    print("pub(super) const LONGER: &[(u32, &str)] = &[")
    wrapped('(0x%x, r"%s"),' % item for item in sorted(longer.items()))
    print("];\n\n/// Characters that become one text here and another there, each with its texts.")
    print("pub(super) const SEVERAL: &[(u32, &[&str])] = &[")
    wrapped("(0x%x, &[%s])," % (code, ", ".join('r"%s"' % text for text in found)) for code, found in sorted(several.items()))
    print("];")


main()
