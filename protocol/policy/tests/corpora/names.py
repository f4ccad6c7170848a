"""Operations on files and users with the names of names/names.txt."""

import unicodedata
import urllib.parse

# White_Space of Unicode beyond ASCII, and those that people take for blanks.
BLANKS = [0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
BLANKS += [0x180E, 0x200B, 0x2060, 0x2800, 0x3164, 0xFEFF]
EXTENSIONS = [".pdf", ".tar.gz", ""]
FORMS = [
    ("GET", "/api/file/{}"),
    ("PUT", "/api/file/{}"),
    ("GET", "/api/user/{}"),
    ("DELETE", "/api/file/{}"),
    ("POST", "/api/user/{}"),
    ("PUT", "/api/user/{}"),
    ("GET", "/api/file/{}/versions?of={}"),
]


def all_names(sections):
    names = list(sections["files"])
    for turn, person in enumerate(sections["people"]):
        names += [person, person + EXTENSIONS[turn % 3], f"{turn} {person} (final).docx"]
    for blank in map(chr, BLANKS):
        names += [f"two{blank}words.txt", f"8.55{blank}PM.png", f"日本{blank}語"]
    both = (unicodedata.normalize(form, name) for name in names for form in ("NFC", "NFD"))
    return list(dict.fromkeys(both))


def files(sections):
    """The names, and three operations with each: every third name with the same."""
    names = all_names(sections)
    operations = []
    for turn, name in enumerate(names):
        encoded = urllib.parse.quote(name, safe="-._~!'()*" if turn % 2 else "")
        for step in range(3):
            method, form = FORMS[(turn + 2 * step) % len(FORMS)]
            operations.append((method, form.replace("{}", encoded)))
    yield "operations.tsv", operations
