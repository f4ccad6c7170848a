//! Ways to spell a request differently that some server reads as before.

mod method;

use crate::backends::Request;
use crate::random::Random;
use method::{add_query, change_method, connect_to_nothing, override_method};

pub(crate) type Mutator = fn(&mut Request, &mut Random);

pub(crate) const ALL: [Mutator; 22] = [
    change_case,
    encode_one,
    encode_one,
    encode_many,
    replace_slash,
    replace_letter,
    insert_segments,
    insert_segments,
    insert_hidden,
    add_to_segment,
    add_to_segment,
    add_to_end,
    add_to_end,
    add_before,
    add_query,
    add_query,
    change_method,
    connect_to_nothing,
    override_method,
    override_method,
    damage_byte,
    cut_end,
];

fn insert_one_of(choices: &[&str], request: &mut Request, at: usize, random: &mut Random) {
    request.target.splice(at..at, random.pick(choices).bytes());
}

/// A place in the path, not before its first slash.
fn place(request: &Request, random: &mut Random) -> usize {
    let path = request.target.iter().position(|&byte| byte == b'?').unwrap_or(request.target.len());
    random.below(path + 1).max(1).min(request.target.len())
}

/// The places of all bytes of the path that `wanted` takes.
fn places(request: &Request, wanted: impl Fn(u8) -> bool) -> Vec<usize> {
    let path = request.target.split(|&byte| byte == b'?').next().unwrap_or_default();
    path.iter().enumerate().filter(|&(_, &byte)| wanted(byte)).map(|(at, _)| at).collect()
}

fn replace_at(
    request: &mut Request,
    places: &[usize],
    random: &mut Random,
    with: impl Fn(u8, &mut Random) -> String,
) {
    if !places.is_empty() {
        let at = *random.pick(places);
        let new = with(request.target[at], random);
        request.target.splice(at..=at, new.bytes());
    }
}

fn change_case(request: &mut Request, random: &mut Random) {
    for byte in &mut request.target {
        if byte.is_ascii_alphabetic() && random.one_in(3) {
            *byte ^= 0x20;
        }
    }
}

/// One of the ways to write a byte with percent signs.
fn encoded(byte: u8, random: &mut Random) -> String {
    match random.below(9) {
        0..4 => format!("%{byte:02x}"),
        4 => format!("%{byte:02X}"),
        5 => format!("%25{byte:02x}"),
        6 => format!("%u00{byte:02x}"),
        7 => format!("%{:02x}%{:02x}", 0xc0 | byte >> 6, 0x80 | byte & 0x3f),
        _ => format!("%e0%{:02x}%{:02x}", 0x80 | byte >> 6, 0x80 | byte & 0x3f),
    }
}

fn encode_one(request: &mut Request, random: &mut Random) {
    let all = places(request, |_| true);
    let places = all.get(1..).unwrap_or_default();
    replace_at(request, places, random, encoded);
}

fn encode_many(request: &mut Request, random: &mut Random) {
    for at in places(request, |byte| byte.is_ascii_alphanumeric()).into_iter().rev() {
        if random.one_in(4) {
            let new = format!("%{:02x}", request.target[at]);
            request.target.splice(at..=at, new.bytes());
        }
    }
}

fn replace_slash(request: &mut Request, random: &mut Random) {
    const SLASHES: [&str; 18] = [
        "//",
        "///",
        "\\",
        "%2f",
        "%5c",
        "%252f",
        "%255c",
        "%u002f",
        "%u2215",
        "%c0%af",
        "%e2%88%95",
        "%e2%81%84",
        "%ef%bc%8f",
        "%c2%a5",
        "%e2%82%a9",
        "%ef%b9%a8",
        "/\\",
        "%2f%2f",
    ];
    let slashes = places(request, |byte| byte == b'/');
    replace_at(request, &slashes, random, |_, random| (*random.pick(&SLASHES)).to_owned());
}

fn replace_letter(request: &mut Request, random: &mut Random) {
    let letters = places(request, |byte| byte.is_ascii_alphabetic());
    replace_at(request, &letters, random, |letter, random| {
        let other = match (letter.to_ascii_lowercase(), random.below(4)) {
            (b'k', 0) => '\u{212a}',
            (b's', 0) => '\u{17f}',
            (b'i', 0) => '\u{131}',
            (b'i', 1) => '\u{130}',
            (b'a', 0) => '\u{101}',
            (b'a', 1) => '\u{3b1}',
            (b'e', 0) => '\u{113}',
            (b'p', 0) => '\u{3c0}',
            (b'u', 0) => '\u{16b}',
            (lower, 2) => char::from_u32(0x24d0 + u32::from(lower - b'a')).unwrap(),
            _ => char::from_u32(0xfee0 + u32::from(letter)).unwrap(),
        };
        let mut bytes = [0; 4];
        let utf8 = other.encode_utf8(&mut bytes).bytes();
        if random.one_in(8) { other.to_string() } else { utf8.map(|byte| format!("%{byte:02x}")).collect() }
    });
}

/// Segments that resolve to nothing, at a slash or at the end.
fn insert_segments(request: &mut Request, random: &mut Random) {
    const NOTHING: [&str; 26] = [
        "/.",
        "/./.",
        "/x/..",
        "/x/y/../..",
        "/..",
        "/%2e",
        "/%2e%2e",
        "/x/%2e%2e",
        "/x/.%2e",
        "/x/%2E.",
        "/x/..;",
        "/;",
        "/;a=b",
        "/x/..;v=1",
        "/x/%252e%252e",
        "/x/%c0%ae%c0%ae",
        "/x/%e2%80%a5",
        "/%20",
        "/%20.",
        "/...",
        "/",
        "/(S(x))",
        "/x/..%00",
        "/x/%u002e%u002e",
        "/%2e%2f",
        "/x/%ef%bc%8e%ef%bc%8e",
    ];
    let mut spots = places(request, |byte| byte == b'/');
    spots.push(request.target.iter().position(|&byte| byte == b'?').unwrap_or(request.target.len()));
    let at = *random.pick(&spots);
    insert_one_of(&NOTHING, request, at, random);
}

/// Bytes and characters that some parser strips.
fn insert_hidden(request: &mut Request, random: &mut Random) {
    const HIDDEN: [&str; 22] = [
        "\t",
        "\n",
        "\r",
        "\0",
        " ",
        "%00",
        "%09",
        "%0a",
        "%0d",
        "%7f",
        "%e2%80%8b",
        "%c2%ad",
        "%ef%bb%bf",
        "%e2%81%a0",
        "%e2%80%8e",
        "%ef%b8%8f",
        "%cd%8f",
        "\u{200b}",
        "\u{ad}",
        "%c2%85",
        "%20",
        "%u200b",
    ];
    let at = place(request, random);
    insert_one_of(&HIDDEN, request, at, random);
}

/// What may stand behind or before a segment without changing it for some router.
fn add_to_segment(request: &mut Request, random: &mut Random) {
    const AFTER: [&str; 14] = [
        ";",
        ";a=b",
        ";jsessionid=1/",
        ".",
        "..",
        ". .",
        "%20",
        "%20.",
        ".json",
        "%2ejson",
        "%3bx",
        "%3b",
        "%e3%80%80",
        "%c2%a0",
    ];
    const BEFORE: [&str; 7] = ["%20", "%20%20", "%e3%80%80", "%e1%9a%80", "(S(x))", ".", "%09"];
    let mut ends = places(request, |byte| byte == b'/');
    ends.push(request.target.iter().position(|&byte| byte == b'?').unwrap_or(request.target.len()));
    let at = random.below(ends.len());
    if random.one_in(3) && at + 1 < ends.len() {
        insert_one_of(&BEFORE, request, ends[at] + 1, random);
    } else if at > 0 {
        insert_one_of(&AFTER, request, ends[at], random);
    }
}

fn add_to_end(request: &mut Request, random: &mut Random) {
    const ENDS: [&str; 27] = [
        "/",
        "//",
        "/.",
        "/..",
        "#",
        "#/public",
        "%23",
        "%00",
        "%00.png",
        "%0a",
        "%0d%0a",
        "%3f",
        "%3fa=b",
        ".json",
        ".xml",
        ".a.b",
        "%20.json",
        ".json%20",
        ".",
        "%2e",
        "%20",
        ";",
        ";.css",
        "/;.css",
        "/%20",
        "%ff",
        "%ef%bb%bf",
    ];
    let end = request.target.iter().position(|&byte| byte == b'?').unwrap_or(request.target.len());
    insert_one_of(&ENDS, request, end, random);
}

fn add_before(request: &mut Request, random: &mut Random) {
    const STARTS: [&str; 16] = [
        "/",
        "//",
        "/.",
        "/x/..",
        "\\",
        " ",
        "\t",
        "\u{feff}",
        "http://host.example",
        "HTTPS://u@host.example:1",
        "//host.example",
        "/\\host.example",
        "/public/..",
        "/public/..;",
        "/%2e%2e",
        "/(S(x))",
    ];
    insert_one_of(&STARTS, request, 0, random);
}

/// Any byte anywhere, to find what nobody thought of.
fn damage_byte(request: &mut Request, random: &mut Random) {
    let byte = random.next().to_le_bytes()[0];
    let at = random.below(request.target.len() + 1);
    if at < request.target.len() && random.one_in(2) {
        request.target[at] = byte;
    } else {
        request.target.insert(at, byte);
    }
}

fn cut_end(request: &mut Request, random: &mut Random) {
    let length = request.target.len();
    request.target.truncate(length - random.below(length.min(4) + 1));
}
