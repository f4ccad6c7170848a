#!/usr/bin/env python3
"""Writes keys.txt: good keys with their id and digest, and keys that are wrong in each way.

Made from PROTOCOL.md alone, without the Rust code: base62, CRC-32 and BLAKE3 are written out here from
their specifications. Needs only Python:

    python3 make_keys.py > keys.txt
"""

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CONTEXT = b"apikeyd 2026 key digest v1"
MASK = 0xFFFFFFFF


def base62(value, width):
    digits = bytearray()
    for _ in range(width):
        value, digit = divmod(value, 62)
        digits.insert(0, ALPHABET[digit])
    assert value == 0
    return bytes(digits)


def number(digits):
    value = 0
    for digit in digits:
        value = value * 62 + ALPHABET.index(digit)
    return value


def crc32_iso_hdlc(data):
    register = MASK
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xEDB88320 if register & 1 else 0)
    return register ^ MASK


IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
CHUNK_START, CHUNK_END, ROOT, DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 1, 2, 8, 32, 64


def rotate(value, by):
    return (value >> by | value << (32 - by)) & MASK


def mix(v, a, b, c, d, x, y):
    v[a] = (v[a] + v[b] + x) & MASK
    v[d] = rotate(v[d] ^ v[a], 16)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = rotate(v[b] ^ v[c], 12)
    v[a] = (v[a] + v[b] + y) & MASK
    v[d] = rotate(v[d] ^ v[a], 8)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = rotate(v[b] ^ v[c], 7)


def words(data):
    return [int.from_bytes(data[at:at + 4], "little") for at in range(0, len(data), 4)]


def blake3_of_one_block(key_words, data, flags):
    """BLAKE3 of at most 64 bytes: one block is the whole tree. 32 bytes of output."""
    assert len(data) <= 64
    message = words(data.ljust(64, b"\0"))
    flags |= CHUNK_START | CHUNK_END | ROOT
    v = key_words + IV[:4] + [0, 0, len(data), flags]
    for _ in range(7):
        mix(v, 0, 4, 8, 12, message[0], message[1])
        mix(v, 1, 5, 9, 13, message[2], message[3])
        mix(v, 2, 6, 10, 14, message[4], message[5])
        mix(v, 3, 7, 11, 15, message[6], message[7])
        mix(v, 0, 5, 10, 15, message[8], message[9])
        mix(v, 1, 6, 11, 12, message[10], message[11])
        mix(v, 2, 7, 8, 13, message[12], message[13])
        mix(v, 3, 4, 9, 14, message[14], message[15])
        message = [message[place] for place in PERMUTATION]
    return b"".join((v[i] ^ v[i + 8]).to_bytes(4, "little") for i in range(8))


def derive_key(context, material):
    key_words = words(blake3_of_one_block(IV, context, DERIVE_KEY_CONTEXT))
    return blake3_of_one_block(key_words, material, DERIVE_KEY_MATERIAL)


def key(prefix=b"akd", version=b"1", id=b"QwErTy0123", secret=None, first=b"_", second=b"_"):
    body = prefix + first + version + id + second + (SECRET if secret is None else secret)
    return body + base62(crc32_iso_hdlc(body), 6)


SECRET = ALPHABET[:43]
GOOD = key()


def good():
    yield "default prefix", GOOD
    yield "shortest prefix", key(prefix=b"ab")
    yield "longest prefix", key(prefix=b"abcdefgh")
    yield "prefix of figures", key(prefix=b"00")
    yield "prefix ends like a version", key(prefix=b"akd1")
    yield "least id, leading zeros", key(id=b"0000000001")
    yield "largest id", key(id=b"zzzzzzzzzz")
    yield "secret of zeros", key(secret=b"0" * 43)
    yield "secret of the last digit", key(secret=b"z" * 43)
    yield "mixed secret", key(secret=ALPHABET[:18:-1])
    # Found by search: a checksum that needs padding.
    for count in range(10_000):
        candidate = key(id=base62(count + 1, 10))
        if candidate[-6:].startswith(b"00"):
            yield "checksum with leading zeros", candidate
            return


def changed(text, at, byte):
    return text[:at] + byte + text[at + 1:]


def wrong():
    yield "Length", "empty", b""
    yield "Length", "one byte", b"a"
    yield "Length", "prefix alone", b"akd_1"
    yield "Length", "prefix of one character", key(prefix=b"a")
    yield "Length", "no prefix", key(prefix=b"")
    yield "Length", "prefix of nine characters", key(prefix=b"abcdefghi")
    yield "Length", "longest key and a newline", key(prefix=b"abcdefgh") + b"\n"
    yield "Length", "secret of 42 in the shortest key", key(prefix=b"ab", secret=SECRET[:42])
    yield "Length", "64 KiB", b"a" * 65536
    yield "Shape", "secret of 42", key(secret=SECRET[:42])
    yield "Shape", "secret of 44", key(secret=SECRET + b"0")
    yield "Shape", "id of nine", key(id=b"QwErTy012")
    yield "Shape", "id of eleven", key(id=b"QwErTy01234")
    yield "Shape", "last character missing", GOOD[:-1]
    yield "Shape", "one character too many", GOOD + b"0"
    yield "Shape", "trailing newline", GOOD + b"\n"
    yield "Shape", "trailing carriage return and newline", GOOD + b"\r\n"
    yield "Shape", "trailing blank", GOOD + b" "
    yield "Shape", "trailing NUL", GOOD + b"\0"
    yield "Prefix", "leading blank, good otherwise", key(prefix=b" akd")
    yield "Prefix", "leading blank", b" " + GOOD
    yield "Prefix", "leading newline", b"\n" + GOOD
    yield "Prefix", "byte order mark", b"\xef\xbb\xbf" + GOOD
    yield "Prefix", "leading NUL", b"\0" + GOOD
    yield "Shape", "quotes", b'"' + GOOD + b'"'
    yield "Shape", "first separator is a hyphen", key(first=b"-")
    yield "Shape", "second separator is a hyphen", key(second=b"-")
    yield "Shape", "second separator is a digit", key(second=b"0")
    yield "Shape", "id with a hyphen", key(id=b"QwErTy-123")
    yield "Shape", "id with an underscore", key(id=b"QwErTy_123")
    yield "Shape", "secret with a plus", key(secret=b"+" + SECRET[1:])
    yield "Shape", "secret with a letter of two bytes", key(secret="é".encode() + SECRET[2:])
    yield "Shape", "secret with a byte that is not UTF-8", key(secret=b"\xff" + SECRET[1:])
    yield "Shape", "version is a hyphen", key(version=b"-")
    yield "Shape", "checksum with a hyphen", GOOD[:-1] + b"-"
    yield "Checksum", "last digit of the checksum", changed(GOOD, len(GOOD) - 1, b"0" if GOOD[-1:] != b"0" else b"1")
    yield "Checksum", "a digit of the secret", changed(GOOD, 20, b"z")
    yield "Checksum", "a digit of the id", changed(GOOD, 6, b"z")
    yield "Checksum", "a character of the prefix", changed(GOOD, 0, b"b")
    yield "Checksum", "two digits of the secret swapped", GOOD[:20] + GOOD[21:22] + GOOD[20:21] + GOOD[22:]
    yield "Checksum", "checksum above 32 bits", GOOD[:-6] + b"zzzzzz"
    yield "Prefix", "upper-cased", GOOD.upper()
    yield "Checksum", "lower-cased", GOOD.lower()
    yield "Prefix", "upper-case prefix, good otherwise", key(prefix=b"AKD")
    yield "Prefix", "mixed-case prefix, good otherwise", key(prefix=b"akD")
    yield "Prefix", "underscore in the prefix", key(prefix=b"a_d")
    yield "Prefix", "hyphen in the prefix", key(prefix=b"a-d")
    yield "Prefix", "prefix that is not UTF-8", key(prefix=b"\xff\xfe")
    yield "Version", "version 0", key(version=b"0")
    yield "Version", "version 2", key(version=b"2")
    yield "Version", "version z", key(version=b"z")
    yield "Id", "id zero", key(id=b"0000000000")


def shown(text):
    if len(text) > 200:
        return f"repeat:{len(text)}:{chr(text[0])}"
    return "".join(chr(b) if 0x21 <= b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in text) or "empty:"


def main():
    print("# Made by make_keys.py. `\\xHH` is a raw byte, `empty:` no byte, `repeat:N:c` N times the character c.")
    print("# good <tab> what <tab> key <tab> prefix <tab> id <tab> digest")
    print("# wrong <tab> what <tab> key <tab> error")
    for what, text in good():
        id_digits, secret = text[-60:-50], text[-49:-6]
        digest = derive_key(CONTEXT, b"1" + id_digits + secret)
        print("good", what, shown(text), text[:-62].decode(), number(id_digits), digest.hex(), sep="\t")
    for error, what, text in wrong():
        print("wrong", what, shown(text), error, sep="\t")


if __name__ == "__main__":
    main()
