//! What clients of other people's APIs send is not refused, unless some reading of it is denied.

use apikeyd_policy::{PolicyTable, Verdict, parse_case_line};

const REAL: &str = include_str!("../inputs/real-requests.tsv");
const NAMES: &str = include_str!("../inputs/unicode-names.tsv");
const NEAR: &str = include_str!("../inputs/near-literals.tsv");
const WEBDAV: &str = include_str!("../inputs/webdav.tsv");

/// A table that denies some of each API's own administration.
const GITLAB_LIKE: &str = r#"
default = "allow"
operation = [
    { method = "DELETE", path = "/api/v4/projects/{id}" },
    { method = "POST", path = "/api/v4/users" },
    { method = "DELETE", path = "/repos/{owner}/{repo}" },
    { method = "PUT", path = "/api/users/{name}" },
    { method = "DELETE", path = "/remote.php/dav/files/{user}" },
    { method = "*", path = "/_matrix/client/v3/admin/{user}" },
    { method = "PUT", path = "/-/user/{name}" },
]
"#;

fn judged<'t>(table: &'t PolicyTable, line: &str) -> apikeyd_policy::Judgement<'t> {
    let (method, target) = parse_case_line(line.as_bytes()).unwrap();
    table.judge(&method, &target)
}

#[test]
fn real_requests_are_allowed_by_the_shipped_table() {
    let table = PolicyTable::shipped();
    for line in [REAL, NAMES, WEBDAV].into_iter().flat_map(str::lines) {
        let judgement = judged(&table, line);
        assert_eq!(judgement.verdict, Verdict::Allow, "{line}: {judgement}");
    }
}

#[test]
fn real_requests_are_allowed_by_a_table_that_denies_administration() {
    let table = PolicyTable::parse(GITLAB_LIKE).unwrap();
    let more = "DELETE\t/api/v4/projects/group%2Fproject/issues/3";
    for line in [REAL, NAMES, WEBDAV, more].into_iter().flat_map(str::lines) {
        let judgement = judged(&table, line);
        assert_eq!(judgement.verdict, Verdict::Allow, "{line}: {judgement}");
    }
    for denied in ["DELETE\t/api/v4/projects/7", "DELETE\t/api/v4/projects/caf%C3%A9"] {
        assert_eq!(judged(&table, denied).verdict, Verdict::Deny, "{denied}");
    }
    // Decoded once, this is two segments and denied by none; as one it is the project.
    let project = judged(&table, "DELETE\t/api/v4/projects/group%2Fproject");
    assert_eq!(project.verdict, Verdict::Ambiguous);
    assert_eq!(project.row.unwrap().template(), "/api/v4/projects/{id}");
}

/// Beside a literal only what a server makes that literal of is refused: one that cuts a suffix off.
#[test]
fn names_beside_a_literal_are_refused_only_if_they_can_become_it() {
    let table = PolicyTable::shipped();
    let refused =
        ["/api/user/requests.jones", "/api/user/create.bot", "/api/user/role.model", "/api/apikey.html"];
    for line in NEAR.lines() {
        let judgement = judged(&table, line);
        let is_refused = refused.iter().any(|target| line.ends_with(target));
        let expected = if is_refused { Verdict::Ambiguous } else { Verdict::Allow };
        assert_eq!(judgement.verdict, expected, "{line}: {judgement}");
        assert_eq!(judgement.row.is_some(), is_refused, "{line}");
    }
}
