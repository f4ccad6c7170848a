//! Bodies that no honest peer sends.

use crate::blocks::hex;
use apikeyd_protocol::codec::{DecodeError, decode};
use apikeyd_protocol::limit::{MAX_BODY_BYTES, MAX_COUNTERS, MAX_PAGE_ITEMS, MAX_USES};
use apikeyd_protocol::message::{
    AuditPage, Delete, Empty, Failure, FilesInForce, Generate, Generated, KeyPage, List, PolicyPage,
    ReportUses, Save, Statistics, Validate, Verdict,
};

/// Reads bytes as the type of a name and forgets the value.
fn read_as(name: &str, body: &[u8]) -> Result<(), DecodeError> {
    match name {
        "Validate" => decode::<Validate<'_>>(body).map(drop),
        "Verdict" => decode::<Verdict<'_>>(body).map(drop),
        "Save" => decode::<Save>(body).map(drop),
        "Delete" => decode::<Delete>(body).map(drop),
        "Empty" => decode::<Empty>(body).map(drop),
        "List" => decode::<List>(body).map(drop),
        "Generate" => decode::<Generate>(body).map(drop),
        "Generated" => decode::<Generated>(body).map(drop),
        "Failure" => decode::<Failure>(body).map(drop),
        "KeyPage" => decode::<KeyPage>(body).map(drop),
        "PolicyPage" => decode::<PolicyPage>(body).map(drop),
        "AuditPage" => decode::<AuditPage>(body).map(drop),
        "Statistics" => decode::<Statistics>(body).map(drop),
        "FilesInForce" => decode::<FilesInForce>(body).map(drop),
        "ReportUses" => decode::<ReportUses>(body).map(drop),
        other => panic!("{other} is no type of this table"),
    }
}

const TYPES: [&str; 15] = [
    "Validate",
    "Verdict",
    "Save",
    "Delete",
    "Empty",
    "List",
    "Generate",
    "Generated",
    "Failure",
    "KeyPage",
    "PolicyPage",
    "AuditPage",
    "Statistics",
    "FilesInForce",
    "ReportUses",
];

#[test]
fn hostile_bodies_are_refused_with_the_error_of_their_line() {
    let long_a = |count| "61 ".repeat(count);
    for line in include_str!("hostile.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, what, bytes, says] = fields[..] else { panic!("{line:?} has four fields") };
        let bytes = bytes.replace("z32", &"00 ".repeat(32));
        let body = hex(&bytes.replace("a256", &long_a(256)).replace("a129", &long_a(129)));
        match (says, read_as(name, &body)) {
            ("read", Ok(())) => {}
            ("read", Err(why)) => panic!("{name}, {what}: {why}"),
            (_, Ok(())) => panic!("{name}, {what}: accepted"),
            (says, Err(why)) => assert!(why.to_string().contains(says), "{name}, {what}: {why}"),
        }
    }
}

#[test]
fn a_body_above_the_limit_is_refused_before_it_is_read() {
    for name in TYPES {
        let body = vec![0; MAX_BODY_BYTES + 1];
        assert_eq!(read_as(name, &body), Err(DecodeError::TooLong(MAX_BODY_BYTES + 1)), "{name}");
    }
}

#[test]
fn a_full_body_of_any_one_byte_is_refused() {
    for name in TYPES {
        for byte in 0..=255 {
            assert!(read_as(name, &vec![byte; MAX_BODY_BYTES]).is_err(), "{name} of {byte:#04x}");
        }
    }
}

#[test]
fn a_page_of_one_item_too_many_is_refused() {
    let one_more = u8::try_from(MAX_PAGE_ITEMS + 1).unwrap();
    let record: &[u8] = &[1, 1, b'a', 0, 0, 0, 0, 0, 0];
    let page = [&[one_more], &record.repeat(one_more.into())[..], &[0]].concat();
    assert!(decode::<KeyPage>(&page).unwrap_err().to_string().contains("more than 128 items"));
    let fits = [&[one_more - 1], &record.repeat((one_more - 1).into())[..], &[0]].concat();
    assert_eq!(decode::<KeyPage>(&fits).unwrap().keys.len(), MAX_PAGE_ITEMS.into());

    let count = (MAX_USES + 1).to_le_bytes();
    let uses = [&[251], &count[..], &[1, 0].repeat((MAX_USES + 1).into())[..]].concat();
    assert!(decode::<ReportUses>(&uses).unwrap_err().to_string().contains("more than 1024 items"));

    let count = (MAX_COUNTERS + 1).to_le_bytes();
    let counters = [&[251], &count[..], &[0, 0].repeat((MAX_COUNTERS + 1).into())[..]].concat();
    assert!(decode::<Statistics>(&counters).unwrap_err().to_string().contains("more than 1024 items"));
}

/// The limit of the codec counts decoded sizes, so a body of many small integers comes near it first.
#[test]
fn a_full_body_of_the_smallest_items_is_read() {
    let count = MAX_COUNTERS.to_le_bytes();
    let name = [60, b'n'].into_iter().chain([b'n'; 59]).chain([7]).collect::<Vec<u8>>();
    let counters = [&[251], &count[..], &name.repeat(MAX_COUNTERS.into())[..]].concat();
    assert!(counters.len() > MAX_BODY_BYTES - 2048 && counters.len() <= MAX_BODY_BYTES);
    assert_eq!(decode::<Statistics>(&counters).unwrap().counters.len(), MAX_COUNTERS.into());
}
