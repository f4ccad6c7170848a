"""Spellings of denied operations that some back end takes for the denied one. None may ever be allowed."""


def of(denied):
    """Each spelling in turn, six for each denied operation, so that a table of eight rows meets nearly all of them."""
    turn = 0
    for line in denied:
        method, target = line.split("\t")
        path, question, query = target.partition("?")
        for _ in range(6):
            spelling = SPELLINGS[turn % len(SPELLINGS)]
            turn += 1
            spelled = spelling(method, path)
            if spelled is not None:
                method_, path_ = spelled
                rest = query if "?" not in path_ else ""
                yield f"{method_}\t{path_}{'?' + rest if rest else ''}"


def same(change):
    """A spelling that keeps the method."""
    return lambda method, path: (method, change(path))


def in_first_literal(change):
    """Changes the first segment with a letter, which is a literal in every table but those of bare buckets."""

    def apply(path):
        segments = path.split("/")
        segments[1] = change(segments[1])
        return "/".join(segments)

    return same(apply)


def percent(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def wide(text):
    """Full-width forms, which NFKC turns into ASCII."""
    return percent("".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in text))


def last_slash(replacement):
    return same(lambda path: replacement.join(path.rsplit("/", 1)) if path.count("/") > 1 else path + replacement)


SPELLINGS = [
    in_first_literal(lambda text: text.upper() if text != text.upper() else text.lower()),
    same(lambda path: path + "/"),
    same(lambda path: path + "//"),
    same(lambda path: "/" + path),
    last_slash("//"),
    last_slash("/./"),
    last_slash("/x/../"),
    last_slash("/%2e/"),
    last_slash("/x/%2e%2e/"),
    last_slash("/x/..;/"),
    last_slash("/x/%252e%252e/"),
    last_slash("%2F"),
    last_slash("%2f"),
    last_slash("%252F"),
    last_slash("%5C"),
    last_slash("\\\\"),
    last_slash("%c0%af"),
    last_slash("%u002f"),
    last_slash("%EF%BC%8F"),
    in_first_literal(lambda text: percent(text[0]) + text[1:]),
    in_first_literal(lambda text: percent(percent(text[0])) + text[1:]),
    in_first_literal(lambda text: text + ";v=1"),
    in_first_literal(lambda text: text + ";"),
    in_first_literal(lambda text: text + "%3Bjsessionid=1"),
    in_first_literal(wide),
    in_first_literal(lambda text: text[:1] + percent("\u200b") + text[1:]),
    in_first_literal(lambda text: text[:1] + percent("\u00ad") + text[1:]),
    in_first_literal(lambda text: text + "%20"),
    in_first_literal(lambda text: "%20" + text),
    in_first_literal(lambda text: text + "%C2%A0"),
    in_first_literal(lambda text: percent("\u1680") + text),
    in_first_literal(lambda text: percent("\u00ad ") + text),
    in_first_literal(lambda text: percent("\u00ad") + "." + text),
    same(lambda path: path + "%00.png"),
    same(lambda path: path + "%00"),
    same(lambda path: path + "%3Fx=1"),
    same(lambda path: path + "%23top"),
    same(lambda path: path + ";.css"),
    same(lambda path: path + "/;x"),
    same(lambda path: path + "/."),
    same(lambda path: path + "/x/.."),
    same(lambda path: path + "/%2e%2e/" + path.rsplit("/", 1)[1]),
    same(lambda path: path + "%0a"),
    same(lambda path: path + "%09"),
    same(lambda path: path + "?_=1"),
    same(lambda path: "http://back.example" + path),
    same(lambda path: "/public/.." + path),
    same(lambda path: "/public/%2E%2E" + path),
    same(lambda path: "/public/..%2F" + path[1:]),
    same(lambda path: "/%2e" + path),
    same(lambda path: "/\\\\" + path[1:]),
    same(lambda path: path + "#/public"),
    same(lambda path: path.replace("/", "%2F").replace("%2F", "/", 1)),
    lambda method, path: ("POST", f"{path}?_method={method}") if method != "GET" else None,
    lambda method, path: ("POST", f"{path}?x=1&_METHOD={method.lower()}") if method != "GET" else None,
    lambda method, path: ("POST", f"{path}?%5fmethod={method}") if method != "GET" else None,
    lambda method, path: ("POST", f"{path}?_method%0a={method}") if method != "GET" else None,
    lambda method, path: (method.lower(), path),
]
