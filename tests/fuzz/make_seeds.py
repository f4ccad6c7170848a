#!/usr/bin/env python3
"""Writes the first inputs of every fuzz target into a folder: what the house's own tests hold to be good or bad.

    make_seeds.py FOLDER        makes FOLDER/<target>/<hash of the content>

They come from the golden vectors, the policy cases, and the files that are installed, so that a new message or a
new case is a new input. `run` makes them anew each time; only what fuzzing found beyond them is committed.
"""

import hashlib
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "protocol/tests/vectors"

OPCODES = [
    "Validate", "Status", "PolicyRows", "PolicyTest", "RevocationPage", "ReportUses", "Generate", "Save",
    "RetrieveUser", "RetrieveKey", "Delete", "CredentialsChanged", "DeleteUser", "List", "AuditList",
    "AuditVerify", "Statistics", "FilesInForce", "Reload", "Backup",
]


def blocks(path):
    """The named blocks of a file of vectors, each as its bytes."""
    found, name = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            found[name] = b""
        elif name and line and not line.startswith("#"):
            found[name] += bytes.fromhex(line.split("|")[0])
    return found


def raw(text):
    """`\\xHH` and `\\\\` as bytes."""
    out, rest = b"", text.encode()
    while rest:
        if rest.startswith(b"\\x"):
            out, rest = out + bytes.fromhex(rest[2:4].decode()), rest[4:]
        else:
            step = 2 if rest.startswith(b"\\\\") else 1
            out, rest = out + rest[:1], rest[step:]
    return out


def hello():
    yield b"apikeyd?" + struct.pack("<HHHHQ", 24, 1, 0, 0, 0)
    yield b"apikeyd?" + struct.pack("<HHHHQ", 32, 2, 7, 0, 1) + b"a tail.."
    yield b"apikeyd?" + struct.pack("<HHHHQ", 23, 1, 0, 0, 0)
    yield b"apikeyd?" + struct.pack("<H", 1025)
    for code in range(7):
        yield b"apikeyd!" + struct.pack("<HHHHQIIIIQ", 48, code, 1, 0, 0, 65536, 128, 15, 0, 3)


def frame(opcode, body, request_id=1, flags=0):
    return struct.pack("<IHHQ", len(body), opcode, flags, request_id) + body


def frames():
    stream = b"".join(frame(code, bytes(range(code)), code) for code in (1, 2, 16, 49))
    for sizes in (b"", b"\1" * 40, b"\x10\x11\x0f", b"\xff\1\2"):
        yield sizes + b"\0" + stream
    yield b"\x11\0" + frame(1, b"") + struct.pack("<IHHQ", 65537, 1, 0, 9)
    yield b"\0" + struct.pack("<IHHQ", 65536, 1, 0, 9)


def message():
    for name, body in blocks(VECTORS / "messages.txt").items():
        opcode, side = name.split(".")[:2]
        place = OPCODES.index(opcode) if opcode in OPCODES else len(OPCODES)
        yield bytes([place, side != "request"]) + body
    requests = {"Validate": "Validate", "Save": "Save", "Delete": "Delete", "List": "List", "Generate": "Generate",
                "ReportUses": "ReportUses"}
    answers = {"Verdict": "Validate", "Generated": "Generate", "KeyPage": "List", "PolicyPage": "PolicyRows",
               "AuditPage": "AuditList", "Statistics": "Statistics",
               "FilesInForce": "FilesInForce", "Empty": "ReportUses"}
    for line in (VECTORS / "hostile.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, _, text, _ = line.split("\t")
        for word, value in (("z32", "00 " * 32), ("a256", "61 " * 256), ("a129", "61 " * 129)):
            text = text.replace(word, value)
        sides = [(table, side) for side, table in enumerate((requests, answers)) if name in table]
        for table, side in sides:
            yield bytes([OPCODES.index(table[name]), side]) + bytes.fromhex(text)


def key_text():
    for line in (VECTORS / "keys.txt").read_text().splitlines():
        if line.startswith(("good\t", "wrong\t")):
            text = line.split("\t")[2]
            yield b"" if text.startswith("empty:") else raw(text)


def names():
    for text in ("a", "alice@example.com", "日本", "می\u200cخواهم", " a", "a\u3000", "a\u202eb", "a\0", "a" * 39,
                 "a" * 40, "é" * 64, "a" * 128, "a" * 129, "a" * 255, "a" * 256, "\U000e0041", "a\x9b"):
        yield text.encode()
    yield b"\xff"
    yield b"\xed\xa0\x80"


def policy_target():
    for line in cases().splitlines():
        if not line or line.startswith("#"):
            continue
        method, target = line.split("\t")[:2]
        for settings in (0, 2):
            yield bytes([settings]) + raw(method) + b"\0" + raw(target)
    # Tables of their own: settings, rows of method and effect, number of segments, segments.
    yield bytes([0b1001, 14, 2, 0, 5, 3, 1, 1]) + b"HEAD\0/v1/x?_method=PUT"
    yield bytes([0b1110, 0, 2, 6, 9, 1, 2, 0, 7, 16, 1, 5]) + b"PURGE\0/api/a.b"
    yield bytes([0b1010000, 15, 0, 14, 1, 5]) + b"GET\0/"


def cases():
    return next((ROOT / "protocol/policy/tests").rglob("*cases.tsv")).read_text()


def policy_file():
    yield (ROOT / "protocol/policy/policy.toml").read_bytes()
    row = '[[operation]]\nmethod = "%s"\npath = "%s"\n'
    yield ('default = "deny"\ncase_sensitive = true\n' + row % ("*", "/") + row % ("PURGE", "/a/{b}/c~d")
           + 'effect = "allow"\nname = "é"\n').encode()
    for text in ('', 'default = 1', 'default = "allow"\n' + row % ("get", "a//b"), 'default = "allow"\n[[operation',
                 'default = "allow"\noperation = 3\nunknown = {}', 'default = "allow"\n' + row % ("GET", "/{") * 2,
                 'default = "allow"\n' + row % ("GET", "/a") * 2 + 'name = "\\u202e"',
                 'default = "allow"\n' + row % ("GET", "/%41/../é;/{a}{b}/{a}/{a}")):
        yield text.encode()


def configuration():
    yield (ROOT / "systemd/apikeyd.toml").read_bytes()
    for text in (
        '[rights]\nvalidate = { users = ["alice", 1001], groups = ["web"] }\nadmin = { groups = [7] }',
        'socket_mode = "0066"\nkey_prefix = "AKD"\nstate_dir = "keys"\npage = "p"\n[keys]\ndraft_minutes = 0\n'
        'retention_days = -1\n[rights]\nissue = { users = ["bob", 65534, -1], groups = ["none"] }\n[limits]\n'
        'connections = 0\nconnections_per_uid = 70000\nidle_minutes = 1441\ncache_mib = 0\n[log]\nlevel = "loud"\n',
        '\ufeffkey_prefix = "abc"\nstate_dir = "/a"\nsocket = "/b"\npolicy = "/c"\npage = "/d"',
        '[rights]\ninspect = ["alice"]', '[limits]\nconnections = 99999999999999999999', "[limits",
        '[rights]\nadmin = { users = ["unreachable"] }', 'state_dir = "/\\u0000"',
    ):
        yield text.encode()


def records():
    name = lambda text: bytes([len(text)]) + text
    head = struct.pack("<QBB", 7, 1, 255)
    for state, ended in ((0, 0), (1, 9), (5, 9), (0, 9), (6, 9)):
        yield head + b"\1" + bytes(32) + struct.pack("<QIBQQBQ", 9, 1000, state % 2, 5, 0, state, ended) \
            + name(b"alice") + name(b"ci" if state else b"")
    row = lambda event, actor=1: head + b"\1" + struct.pack("<QBIII", 9, actor, 1, 2, 3) + event
    key = struct.pack("<Q", 5)
    yield head + b"\1" + struct.pack("<QBIII", 9, 0, 0, 0, 0) + b"\1"
    for event in (b"\2", b"\4", b"\6", b"\7"):
        yield row(event + key + name(b"a"))
    yield row(b"\3" + key + key + name(b"a"))
    yield row(b"\5" + key + name(b"a") + b"\1")
    yield row(b"\x08" + key)
    yield row(b"\x09" + struct.pack("<I", 12) + bytes(32))
    yield row(b"\x0a")


def database_image():
    place = lambda block, at: struct.pack("<HH", block, at)
    yield b"\0"
    # No row, then one alteration of the file of each kind.
    for block in (0, 1, 9, 30):
        for kind, rest in ((0, b"\3"), (1, b"\xff"), (2, b"\0"), (3, b"\5"), (4, b""), (5, b"\x08" + b"x" * 8),
                           (6, b"\xff" * 8), (7, bytes(4))):
            yield bytes([0, kind]) + place(block, 8) + rest
    # One row of each table and each kind.
    for table in range(3):
        for kind in range(6):
            yield bytes([1, table, 3, 9, kind, 40, 5, 1, 2, 3, 4, 5])
    # The end of one record behind the beginning of another.
    for one in range(8):
        yield bytes([1, 0, one, one + 9, 4, 40])
    for name in range(6):
        yield bytes([1, 3, name, 5, 0, 1])
    yield bytes([3, 4, 1, 7, 4, 2, 255, 4, 3, 254])
    yield bytes([2, 5, 0, 3]) + struct.pack("<Q", 5) + bytes([5, 1, 4]) + struct.pack("<Q", 5)
    yield bytes([1, 6]) + struct.pack("<QQ", 1, 2)


def connection():
    generate, save, validate, delete = b"\x86\0\0", b"\x87\0\0", b"\x80\0\0\0", b"\x8a\0"
    life = generate + save + validate + delete + validate
    for caller in range(6):
        yield bytes([caller, 0]) + life
    yield b"\0\0" + generate + save + generate + b"\x87\1\1" + validate + b"\x80\1\0\0"
    yield b"\0\0" + generate + validate + save + b"\x80\0\7\0" + b"\x80\0\0\1\0\x0c/api/apikey/"
    for end in (b"\x8b\0", b"\x8c\0"):
        yield b"\0\0" + generate + save + end + validate + generate + end + save
    # Everything at once, in pieces of three bytes, and behind each other.
    requests = bytes(range(19))
    yield b"\0\0" + b"".join(bytes([code, 0, 0, 0, 0]) for code in requests)
    yield b"\0\0" + b"".join(bytes([0xc0 | code, 0, 0, 0, 2]) for code in requests)
    yield b"\0\0" + bytes([0x26, 199]) + bytes([0x8d, 128, 1]) * 5 + bytes([0x26, 199])
    yield b"\0\0" + b"\2\0" * 8 + b"\1" * 8
    # Frames that are none, and greetings that are none.
    for wrong in (b"\x20\1", b"\x21\0\4abcd", b"\x22\1", b"\x23\0\0\0\0", b"\x24\x11" + frame(1, b"x"), b"\x0f\x25"):
        yield b"\0\0" + generate + wrong + validate
    for greeting in (b"\xf0", b"\xf1", b"\xf2\x0aapikeyd?\xff\xff"):
        yield b"\0" + greeting + life


TARGETS = [hello, frames, message, key_text, names, policy_target, policy_file, configuration, records,
           database_image, connection]

if __name__ == "__main__":
    for target in TARGETS:
        folder = pathlib.Path(sys.argv[1]) / target.__name__
        folder.mkdir(parents=True, exist_ok=True)
        for seed in target():
            (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
