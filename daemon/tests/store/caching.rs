//! What clients that cache rely on: the page moves before an end is answered, and what they report is noted.

use crate::house::{House, peer, told};
use apikeyd::operations::ErrorKind;
use apikeyd::operations::authorise;
use apikeyd_keystore::domain::Sources;
use apikeyd_kit_service::permit;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::{
    CredentialsChanged, DeleteUser, Freshness, KeyUse, PolicyRows, PolicySummary, ReportUses, Validate,
    Verdict,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::page::{BYTES, LEASE, Page, WAIT_OUT};
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::{Actor, CredentialsCause, SaveMode};
use apikeyd_protocol::time::Timestamp;
use core::time::Duration;
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// The page as a client sees it, and a verdict that it keeps.
struct Client {
    file: File,
    seen: Freshness,
}

impl Client {
    /// A client that has just found the key good.
    fn of(house: &House, key: &ApiKey) -> Self {
        let permit = house.permit();
        let (ready, file) = house.service().revocation_page(&permit).unwrap();
        assert_eq!(ready.bytes, BYTES as u64);
        let request = Validate::new(key.id(), key.digest());
        let judged = house.service().validate(&permit, &request).unwrap();
        let seen = match judged.verdict() {
            Verdict::Valid(valid) => valid.freshness,
            Verdict::Refused(refusal) => panic!("{refusal:?}"),
        };
        let client = Self { file: file.into(), seen };
        assert!(client.accepts(), "a verdict stands at first");
        client
    }

    #[expect(clippy::host_endian_bytes, reason = "words of the page are the machine's own")]
    fn page<T>(&self, look: impl FnOnce(&Page<'_, AtomicU64>) -> T) -> T {
        let mut bytes = vec![0; BYTES];
        self.file.read_exact_at(&mut bytes, 0).unwrap();
        let words: Vec<_> =
            bytes.as_chunks().0.iter().map(|word| AtomicU64::new(u64::from_ne_bytes(*word))).collect();
        look(&Page::over(&words).unwrap())
    }

    fn accepts(&self) -> bool {
        self.page(|page| page.is_known() && page.holds(&self.seen, monotonic_ns()))
    }
}

fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// Ends a key of the user a, or what was known of it.
type DeleteFound = fn(&House, KeyId);

#[test]
fn whatever_ends_a_key_ends_kept_verdicts_before_it_is_answered() {
    let endings: [(&str, DeleteFound); 6] = [
        ("delete", |house, key_id| drop(house.delete(key_id).unwrap())),
        ("replace", |house, _| drop(house.save(&house.generate("a"), SaveMode::Replace).unwrap())),
        ("credentials changed", |house, _| {
            let request = CredentialsChanged::new(user("a"), CredentialsCause::Reset);
            let permit = house.permit();
            house.run(house.service().credentials_changed(&permit, request)).unwrap();
        }),
        ("user deleted", |house, _| {
            let permit = house.permit();
            house.run(house.service().delete_user(&permit, DeleteUser::new(user("a")))).unwrap();
        }),
        ("policy", |house, _| {
            let table = PolicyTable::parse("default = \"deny\"\n").unwrap();
            house.run(house.service().load_policy(Actor::Daemon, table, &Sources::default())).unwrap();
        }),
        ("rights", |house, _| house.run(house.service().rights_changed())),
    ];
    for (name, end) in endings {
        let house = House::new();
        let key = house.issue("a");
        let client = Client::of(&house, &key);
        end(&house, key.id());
        assert!(!client.accepts(), "{name}");
    }
}

#[test]
fn a_repeated_end_ends_what_was_kept_in_between() {
    let house = House::new();
    let key = house.issue("a");
    let mut client = Client::of(&house, &key);
    house.delete(key.id()).unwrap();
    // As if this client had been answered between the commit of the first caller and its bump.
    client.seen = client.page(|page| page.freshness(page.as_of(), client.seen.slot));
    assert!(client.accepts());
    house.delete(key.id()).unwrap();
    assert!(!client.accepts());
}

#[test]
fn an_expiry_that_is_swept_ends_kept_verdicts() {
    let house = House::new();
    let key = house.generate_until("a", Some(house.now().saturating_add(Duration::from_secs(5))));
    house.save(&key, SaveMode::Add).unwrap();
    let client = Client::of(&house, &key);
    house.advance(Duration::from_secs(5));
    house.maintain();
    assert!(!client.accepts());
}

#[test]
fn the_policy_table_carries_the_epoch_under_which_it_counts() {
    let house = House::new();
    let key = house.issue("a");
    let client = Client::of(&house, &key);
    let epochs = || {
        let permit = house.permit();
        let page = house.service().policy_page(&permit, PolicyRows::new(0));
        (page.epoch, client.page(|page| page.epoch()))
    };
    let (first, of_page) = epochs();
    assert_eq!(first, of_page);
    let table = PolicyTable::parse("default = \"deny\"\n").unwrap();
    house.run(house.service().load_policy(Actor::Daemon, table, &Sources::default())).unwrap();
    assert_eq!(epochs(), (first + 1, first + 1));
    house.run(house.service().rights_changed());
    assert_eq!(epochs(), (first + 2, first + 2), "the same table goes on counting");
}

#[test]
fn the_summary_tells_whether_the_table_is_the_same() {
    let house = House::new();
    let load = |text: &str| {
        house
            .run(house.service().load_policy(
                Actor::Daemon,
                PolicyTable::parse(text).unwrap(),
                &Sources::default(),
            ))
            .unwrap();
    };
    let summary = || {
        let permit = house.permit();
        let summary = house.service().policy_summary(&permit).unwrap();
        let page = house.service().policy_page(&permit, PolicyRows::new(0));
        assert_eq!((summary.epoch, summary.total), (page.epoch, page.total));
        let hash = PolicySummary::hash(page.default_allow, page.case_sensitive, &page.rows).unwrap();
        assert_eq!(summary.hash, hash, "it is what a client computes of the rows");
        summary
    };
    let first = summary();
    house.run(house.service().rights_changed());
    assert_eq!(summary(), PolicySummary { epoch: first.epoch + 1, ..first });
    load("default = \"deny\"\n");
    let deny = summary();
    load("default = \"allow\"\n");
    assert!(summary().hash != deny.hash && deny.hash != first.hash);
    load("# with a remark\ndefault = \"deny\"\n");
    assert_eq!(summary().hash, deny.hash, "not of the text of the file");
}

#[test]
fn a_stop_ends_the_lease_and_the_next_start_is_another_instance_of_the_same_page() {
    let mut house = House::new();
    let key = house.issue("a");
    let client = Client::of(&house, &key);
    house.stop();
    assert!(!client.page(|page| page.is_leased(0)));
    house.start().unwrap();
    let next = Client::of(&house, &key);
    assert_eq!(next.seen.instance, client.seen.instance + 1);
    assert!(client.page(|page| page.is_leased(monotonic_ns())), "it is the same page");
    assert!(!client.accepts());
    let begin = Instant::now();
    house.delete(key.id()).unwrap();
    assert!(begin.elapsed() < LEASE, "nobody trusts another page");
    assert!(!next.accepts());
}

#[test]
fn after_a_lost_page_the_first_end_is_answered_when_nobody_trusts_it_any_more() {
    let mut house = House::new();
    let key = house.issue("a");
    house.stop();
    std::fs::remove_file(house.page()).unwrap();
    let begin = Instant::now();
    house.start().unwrap();
    let client = Client::of(&house, &key);
    house.delete(key.id()).unwrap();
    assert!(begin.elapsed() >= WAIT_OUT);
    assert!(!client.accepts());
}

#[test]
fn without_a_place_for_the_page_no_client_gets_one() {
    let house = House::with(|dir| apikeyd::operations::Settings {
        pages: vec![dir.join("missing/page")],
        ..apikeyd::operations::Settings::in_dir(dir)
    });
    let permit = house.permit();
    assert_eq!(house.service().revocation_page(&permit).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn the_page_is_made_at_the_first_place_that_can_be_written() {
    let house = House::with(|dir| apikeyd::operations::Settings {
        pages: vec![dir.join("missing/a.page"), dir.join("b.page"), dir.join("c.page")],
        ..apikeyd::operations::Settings::in_dir(dir)
    });
    let key = house.issue("a");
    drop(Client::of(&house, &key));
    assert!(house.page().file_name().unwrap().to_str().unwrap().starts_with("b-"));
}

#[test]
fn uses_that_clients_report_are_noted_for_keys_that_count() {
    let mut house = House::new();
    let (used, ended) = (house.issue("a"), house.issue("b"));
    for key in [&used, &ended] {
        drop(Client::of(&house, key));
    }
    house.delete(ended.id()).unwrap();
    let at = |seconds| house.now().saturating_add(Duration::from_secs(seconds));
    let (asked, later, now, unknown) = (at(0), at(90), at(60), KeyId::new(77).unwrap());
    house.advance(Duration::from_secs(60));
    report(&house, 1000, &[(used.id(), later), (ended.id(), now), (unknown, now)]);
    assert_eq!(house.record(used.id()).last_used_at, Some(now), "a time to come is the present");
    assert_eq!(house.record(ended.id()).last_used_at, Some(asked));
    report(&house, 1000, &[(used.id(), at(0).saturating_sub(Duration::from_secs(30)))]);
    assert_eq!(house.record(used.id()).last_used_at, Some(now), "time does not go back");
    let revision = house.revision();
    house.restart();
    assert_eq!(house.record(used.id()).last_used_at, Some(now));
    assert_eq!(house.revision(), revision, "a use is no change");
}

/// A caller whose rights were read, and who is then held up while they are withdrawn.
#[test]
fn a_verdict_on_rights_of_before_a_reload_carries_the_epoch_of_before() {
    let house = House::new();
    let key = house.issue("a");
    let client = Client::of(&house, &key);
    let standing = house.service().standing(|| RightSet::EMPTY.with(Right::Validate));
    house.run(house.service().rights_changed());
    let permit = authorise(standing, house.peer()).unwrap();
    let request = Validate::new(key.id(), key.digest());
    let freshness = |verdict: &Verdict<'_>| match verdict {
        Verdict::Valid(valid) => valid.freshness,
        Verdict::Refused(refusal) => panic!("{refusal:?}"),
    };
    let seen =
        house.service().validate(&permit, &request).map(|judged| freshness(&judged.verdict())).unwrap();
    assert!(!client.page(|page| page.holds(&seen, 0)), "a cache would keep it");
    let now = house.service().standing(|| RightSet::EMPTY.with(Right::Validate));
    let permit = authorise(now, house.peer()).unwrap();
    let seen =
        house.service().validate(&permit, &request).map(|judged| freshness(&judged.verdict())).unwrap();
    assert!(client.page(|page| page.holds(&seen, 0)), "and one on the rights of now stands");
}

fn report(house: &House, uid: u32, uses: &[(KeyId, Timestamp)]) {
    let uses = uses.iter().map(|(key_id, at)| KeyUse::new(*key_id, *at)).collect();
    let caller = peer(uid);
    let permit = permit(house.service(), &caller);
    house.service().report_uses(&permit, &ReportUses::new(uses), &|| false).unwrap();
}

#[test]
fn a_use_is_noted_only_for_a_uid_that_was_answered_valid_since_the_start() {
    let mut house = House::new();
    let (key, refused) = (house.issue("a"), house.issue("b"));
    let forged = house.forged(&refused);
    assert_eq!(house.verdict(&forged), "refused WrongSecret");
    let minute = |house: &House| house.advance(Duration::from_secs(60));
    minute(&house);
    let uses = [(key.id(), house.now()), (refused.id(), house.now())];
    report(&house, 1000, &uses);
    assert_eq!(house.record(key.id()).last_used_at, None, "nobody asked");
    assert_eq!(house.record(refused.id()).last_used_at, None, "a refusal is no use");

    assert_eq!(house.verdict(&key), "valid a");
    let asked = house.now();
    minute(&house);
    report(&house, 2000, &[(key.id(), house.now())]);
    assert_eq!(house.record(key.id()).last_used_at, Some(asked), "another uid was answered");
    report(&house, 1000, &[(key.id(), house.now())]);
    assert_eq!(house.record(key.id()).last_used_at, Some(house.now()));

    let before = house.now();
    house.restart();
    minute(&house);
    report(&house, 1000, &[(key.id(), house.now())]);
    assert_eq!(house.record(key.id()).last_used_at, Some(before), "another start knows nothing of it");
}

#[test]
fn every_uid_that_is_answered_may_report_also_when_many_ask_for_one_key() {
    let house = House::new();
    let key = house.issue("a");
    let request = || Validate::new(key.id(), key.digest());
    for uid in (0..40).chain(0..40) {
        let caller = peer(uid);
        let permit = permit(house.service(), &caller);
        assert_eq!(
            house.service().validate(&permit, &request()).map(|judged| told(&judged.verdict())).unwrap(),
            "valid a"
        );
    }
    for uid in 0..40 {
        house.advance(Duration::from_secs(1));
        report(&house, uid, &[(key.id(), house.now())]);
        assert_eq!(house.record(key.id()).last_used_at, Some(house.now()), "uid {uid}");
    }
}
