//! The property that the crate is for: if some back end would perform a denied operation for a request, the
//! verdict on the request is never allow.
//!
//! `APIKEYD_POLICY_MUTATIONS` sets how many requests are tried (default 100,000 over all tables) and
//! `APIKEYD_POLICY_SEED` which; a failure prints the seed.

use crate::backends::{self, Backend, Request};
use crate::linear::text_of_table;
use crate::mutators;
use crate::oracle;
use crate::random::Random;
use crate::rules::{Operation, Rules};
use apikeyd_policy::{PolicyTable, SHIPPED, Verdict};

/// A table for each way to be configured: as shipped; exact case, dots in literals, a method of its own; default
/// deny with rows that allow.
const TABLES: [&str; 3] = [SHIPPED, CASE_SENSITIVE, DEFAULT_DENY];

const CASE_SENSITIVE: &str = r#"
default = "allow"
case_sensitive = true
operation = [
    { method = "GET", path = "/.well-known/keys" },
    { method = "GET", path = "/robots.txt" },
    { method = "*", path = "/V1.0/Admin/{id}/keys" },
    { method = "PROPFIND", path = "/files/{a}/{b}" },
    { method = "DELETE", path = "/files/{name}" },
    { method = "POST", path = "/" },
]
"#;

const DEFAULT_DENY: &str = r#"
default = "deny"
operation = [
    { method = "GET", path = "/public/{file}", effect = "allow" },
    { method = "*", path = "/api/status", effect = "allow" },
    { method = "GET", path = "/public/secret" },
    { method = "POST", path = "/api/user/{id}", effect = "allow" },
    { method = "PUT", path = "/api/user/{id}" },
]
"#;

pub(crate) type Judge<'a> = dyn Fn(&Request) -> Verdict + 'a;

#[test]
fn no_spelling_of_a_denied_operation_is_allowed() {
    let count = number_from_environment("APIKEYD_POLICY_MUTATIONS", 100_000);
    let seed = number_from_environment("APIKEYD_POLICY_SEED", 2026);
    println!("seed {seed}, {count} mutations");
    let mut texts: Vec<_> = TABLES.iter().map(|text| (*text).to_owned()).collect();
    for (rows, default) in [1, 12, 101, 10_000].into_iter().flat_map(|rows| [(rows, "allow"), (rows, "deny")])
    {
        texts.push(text_of_table(&mut Random::new(seed), rows, default));
    }
    for (at, text) in texts.iter().enumerate() {
        let table = PolicyTable::parse(text).unwrap();
        let judge = |request: &Request| table.judge(&request.method, &request.target).verdict;
        let rules = Rules::of(&table);
        let mut campaign = Campaign::new(&rules, &judge, Random::new(seed + u64::try_from(at).unwrap()));
        // Half of them at the tables that people write.
        let count = if at < TABLES.len() { count / 6 } else { count / 16 };
        let bypasses = campaign.run(count);
        let first = bypasses.get(..bypasses.len().min(20)).unwrap_or_default().join("\n");
        assert!(bypasses.is_empty(), "seed {seed}, table {at}: {} allowed, but\n{first}", bypasses.len());
        println!("table {at}, {} rows: {:?}", table.rows().len(), campaign.verdicts);
        assert!(
            at >= TABLES.len() || campaign.verdicts.iter().all(|&count| count > 0),
            "each verdict occurs: {:?}",
            campaign.verdicts
        );
    }
}

/// The property must be able to fail: a judge that compares text, as deny lists do, is walked around by way of
/// every model.
#[test]
fn a_judge_that_compares_text_is_walked_around_through_every_back_end() {
    let table = PolicyTable::shipped();
    let rules = Rules::of(&table);
    let judge = |request: &Request| compare_text(&rules, request);
    let bypasses = Campaign::new(&rules, &judge, Random::new(1)).run(20_000);
    for backend in &backends::ALL {
        assert!(
            bypasses.iter().any(|bypass| bypass.starts_with(backend.name)),
            "{} finds nothing",
            backend.name
        );
    }
}

/// And so must one that only forgets a single rule: here, that what a suffix router reads is near.
#[test]
fn a_judge_without_one_rule_is_walked_around() {
    let table = PolicyTable::shipped();
    let rules = Rules::of(&table);
    let judge = |request: &Request| {
        let judgement = table.judge(&request.method, &request.target);
        match judgement.ambiguity {
            Some(apikeyd_policy::Ambiguity::NearLiteral) => Verdict::Allow,
            _ => judgement.verdict,
        }
    };
    let bypasses = Campaign::new(&rules, &judge, Random::new(1)).run(20_000);
    for name in ["Rails", "Spring", "IIS", "Unicode folding"] {
        assert!(bypasses.iter().any(|bypass| bypass.starts_with(name)), "{name} finds nothing");
    }
}

/// Denies what a row names literally, method and path without the query.
fn compare_text(rules: &Rules, request: &Request) -> Verdict {
    let path = request.target.split(|&byte| byte == b'?').next().unwrap_or_default();
    let path = String::from_utf8_lossy(path).into_owned();
    let segments = path.strip_prefix('/').unwrap_or(&path).split('/').map(str::to_owned).collect();
    let operation = Operation { method: String::from_utf8_lossy(&request.method).into_owned(), segments };
    let without_slash = Operation { segments: trimmed(&operation.segments), ..operation.clone() };
    let denied = [operation, without_slash].iter().any(|operation| rules.deny(operation, |a, b| a == b));
    if denied { Verdict::Deny } else { Verdict::Allow }
}

fn trimmed(segments: &[String]) -> Vec<String> {
    segments.strip_suffix(&[String::new()]).unwrap_or(segments).to_vec()
}

pub(crate) struct Campaign<'a> {
    rules: &'a Rules,
    judge: &'a Judge<'a>,
    random: Random,
    /// An operation for each row.
    operations: Vec<Operation>,
    /// How often each verdict came: allow, deny, ambiguous.
    pub(crate) verdicts: [usize; 3],
}

impl<'a> Campaign<'a> {
    pub(crate) fn new(rules: &'a Rules, judge: &'a Judge<'a>, random: Random) -> Self {
        Self { rules, judge, random, operations: rules.operations(), verdicts: [0; 3] }
    }

    /// Each request that is allowed though a back end would perform a denied operation for it.
    fn run(&mut self, count: usize) -> Vec<String> {
        (0..count).flat_map(|_| self.try_one()).collect()
    }

    fn try_one(&mut self) -> Vec<String> {
        let mut request = spelled(self.random.pick(&self.operations));
        for _ in 0..=self.random.below(4) {
            self.random.pick(&mutators::ALL)(&mut request, &mut self.random);
        }
        self.bypasses(&request)
    }

    /// What back ends perform for the request though it is denied, if the verdict is allow.
    pub(crate) fn bypasses(&mut self, request: &Request) -> Vec<String> {
        let verdict = (self.judge)(request);
        self.verdicts[match verdict {
            Verdict::Allow => 0,
            Verdict::Deny => 1,
            Verdict::Ambiguous => 2,
        }] += 1;
        if verdict != Verdict::Allow {
            return Vec::new();
        }
        let bypass = |backend: &Backend| Some((backend.name, denied_by(backend, self.rules, request)?));
        let composed = oracle::denied(self.rules, request).map(|operation| ("a composition", operation));
        let bypasses = backends::ALL.iter().filter_map(bypass).chain(composed);
        bypasses.map(|(name, operation)| format!("{name} performs {operation:?} for {request:?}")).collect()
    }
}

pub(crate) fn spelled(operation: &Operation) -> Request {
    let target = format!("/{}", operation.segments.join("/")).into_bytes();
    Request { method: operation.method.clone().into_bytes(), target }
}

fn denied_by(backend: &Backend, rules: &Rules, request: &Request) -> Option<Operation> {
    // A server that cuts suffixes off serves a row such as /robots.txt all the same: what it finds besides counts only
    // if a row denies it.
    let cuts_suffixes = ["Rails", "Spring", "IIS"].contains(&backend.name);
    let deny = |operation: &Operation| {
        if cuts_suffixes {
            rules.row_denies(operation, backend.same)
        } else {
            rules.deny(operation, backend.same)
        }
    };
    (backend.operations)(request).into_iter().find(deny)
}

pub(crate) fn number_from_environment<T: std::str::FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")),
        Err(_) => default,
    }
}
