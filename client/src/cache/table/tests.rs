use super::*;
use crate::cache::tag::TagKey;
use crate::verdict::ValidKey;
use apikeyd_protocol::key::{ApiKey, KeyPrefix};
use apikeyd_protocol::message::Freshness;
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::time::Timestamp;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Sample {
    key: ApiKey,
    valid: ValidKey,
}

fn sample(user: &str, label: Option<&str>, expires_at: Option<u64>) -> Sample {
    let key = ApiKey::generate(&KeyPrefix::default(), getrandom::fill).unwrap();
    let valid = ValidKey {
        user: UserId::parse(user).unwrap(),
        key_id: key.id(),
        label: label.map(|label| Label::parse(label).unwrap()),
        expires_at: expires_at.map(Timestamp::from_unix_millis),
    };
    Sample { key, valid }
}

fn freshness(slot: u32) -> Freshness {
    Freshness { instance: 1, epoch: 2, slot, generation: 3 }
}

fn insert(table: &KeyTable, tags: &TagKey, sample: &Sample, now: u64) -> Evicted {
    let verdict =
        Verdict { tag: tags.of_key(&sample.key), freshness: freshness(u32::MAX), key: &sample.valid };
    table.insert(&verdict, now, |entry| entry.freshness.generation == 3)
}

fn find(table: &KeyTable, tags: &TagKey, sample: &Sample) -> Option<ValidKey> {
    let key_id = sample.key.id();
    table.slots_of(key_id).into_iter().flatten().find_map(|found| {
        let entry = found.slot.read(key_id).filter(|entry| entry.tag == tags.of_key(&sample.key))?;
        assert_eq!(entry.freshness, freshness(u32::MAX));
        found.slot.valid_key(&entry, key_id, || found.long()?.read())
    })
}

#[test]
fn a_verdict_comes_back_as_it_was_whatever_its_names() {
    let (table, tags) = (KeyTable::with_room_for(1024).unwrap(), TagKey::random().unwrap());
    let lengths = [1, 7, 8, 38, 39, 40, 128, 255];
    for user in lengths {
        for label in [None, Some(1), Some(39), Some(40), Some(128)] {
            let (user, label) = ("u".repeat(user), label.map(|label| "é".repeat(label / 2) + "l"));
            let label = label.as_deref().map(|label| &label[..label.len().min(128)]);
            let kept = sample(&user, label.filter(|label| label.len() <= 128), Some(u64::MAX - 1));
            insert(&table, &tags, &kept, 5);
            assert_eq!(find(&table, &tags, &kept), Some(kept.valid));
        }
    }
}

#[test]
fn nothing_is_lost_until_two_slots_in_three_are_taken() {
    let (table, tags) = (KeyTable::with_room_for(16_384).unwrap(), TagKey::random().unwrap());
    let samples: Vec<_> = (0..11_000).map(|number| sample(&format!("user {number}"), None, None)).collect();
    let evicted = samples.iter().filter(|sample| insert(&table, &tags, sample, 5).was_fresh).count();
    let lost = samples.iter().filter(|kept| find(&table, &tags, kept).as_ref() != Some(&kept.valid)).count();
    assert_eq!(evicted, lost);
    assert!(lost < 3, "{lost} of 11,000");
}

#[test]
fn a_reader_never_takes_the_halves_of_two_verdicts_for_one() {
    let (table, tags) = (KeyTable::with_room_for(1).unwrap(), TagKey::random().unwrap());
    // Three keys for two slots, each with names that tell the key, in the slot and apart.
    let named = |digit: &str| {
        let names = [digit.repeat(39), digit.repeat(255)];
        names.map(|user| sample(&user, Some(&digit.repeat(100)), None))
    };
    let samples: Vec<_> = ["a", "b", "c"].into_iter().flat_map(named).collect();
    // The writers go on until each reader has found enough: how the threads are scheduled decides nothing.
    let reading = AtomicUsize::new(2);
    let torn: usize = std::thread::scope(|scope| {
        for (number, kept) in (0..).zip(&samples) {
            let (table, tags, reading) = (&table, &tags, &reading);
            scope.spawn(move || {
                for round in 0u64.. {
                    insert(table, tags, kept, round * 7 + number);
                    if reading.load(Ordering::Relaxed) == 0 {
                        break;
                    }
                }
            });
        }
        let read = || {
            let (mut hits, mut torn) = (0, 0);
            while hits < 5_000 {
                for kept in &samples {
                    if let Some(found) = find(&table, &tags, kept) {
                        hits += 1;
                        torn += usize::from(found != kept.valid);
                    }
                }
            }
            reading.fetch_sub(1, Ordering::Relaxed);
            torn
        };
        let readers = [scope.spawn(read), scope.spawn(read)];
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert_eq!(torn, 0);
}
