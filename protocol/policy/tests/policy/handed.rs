//! A table that is handed over row by row judges as the one that it comes from.

use apikeyd_policy::{Effect, HandedRow, PolicyTable, RowFault, parse_case_line};

const CASES: &str = include_str!("../policy_cases.tsv");

/// Every kind of row that a file can have.
const VARIED: &str = r#"
default = "deny"
case_sensitive = true

[[operation]]
method = "*"
path = "/"
effect = "allow"

[[operation]]
method = "M-SEARCH"
path = "/api/{any}/Generate"
name = "search"

[[operation]]
method = "GET"
path = "/api/{any}"
effect = "allow"
"#;

fn rows(table: &PolicyTable) -> Vec<HandedRow<'_>> {
    let handed = table.rows().iter().map(|row| HandedRow {
        method: row.method().unwrap_or("*"),
        path: row.template(),
        effect: row.effect(),
        name: row.name().unwrap_or_default(),
    });
    handed.collect()
}

#[test]
fn it_judges_every_case_alike() {
    for table in [PolicyTable::shipped(), PolicyTable::parse(VARIED).unwrap()] {
        let handed =
            PolicyTable::from_rows(table.default_effect(), table.case_sensitive(), rows(&table)).unwrap();
        assert_eq!(rows(&handed), rows(&table));
        for line in CASES.lines().filter(|line| !line.starts_with('#')) {
            let operation: Vec<_> = line.split('\t').take(2).collect();
            let (method, target) = parse_case_line(operation.join("\t").as_bytes()).unwrap();
            for method in [method.as_slice(), b"M-SEARCH"] {
                let (there, here) = (table.judge(method, &target), handed.judge(method, &target));
                assert_eq!(here.verdict, there.verdict, "{line}");
                assert_eq!(here.to_string(), there.to_string(), "{line}");
            }
        }
    }
}

#[test]
fn a_row_that_no_file_can_have_is_refused() {
    let good = HandedRow { method: "GET", path: "/a", effect: Effect::Deny, name: "" };
    for bad in [
        HandedRow { method: "get", ..good },
        HandedRow { method: "", ..good },
        HandedRow { path: "a", ..good },
        HandedRow { path: "/a//b", ..good },
        HandedRow { path: "/{a}b", ..good },
    ] {
        let refused = PolicyTable::from_rows(Effect::Allow, false, [good, bad]).unwrap_err();
        assert_eq!(refused, RowFault { number: 2 }, "{bad:?}");
    }
    let many = std::iter::repeat_n(good, apikeyd_policy::MAX_ROWS + 1);
    assert!(PolicyTable::from_rows(Effect::Allow, false, many).is_err());
}
