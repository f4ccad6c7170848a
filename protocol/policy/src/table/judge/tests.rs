//! Verdicts, and their reasons.

use crate::segments::{Segments, Split};
use crate::target::Target;
use crate::{Ambiguity, PolicyTable, Verdict};

#[test]
fn a_judgement_says_why() {
    let table = PolicyTable::shipped();
    let told = |method: &str, target: &str| table.judge(method.as_bytes(), target.as_bytes()).to_string();
    assert_eq!(told("GET", "/API/apikey/"), "GET /api/apikey (show the key's record)");
    assert_eq!(told("GET", "/api/file"), "no row matches; the default is allow");
    assert_eq!(told("GET", "/a/../b"), "no row matches; the default is allow");
    assert_eq!(
        told("GET", "/a/../api/apikey"),
        "a segment of the path consists of dots and blanks only: GET /api/apikey (show the key's record)"
    );
    assert_eq!(
        told("GET", "/api/apikey.json"),
        "a segment of the path is almost a literal of a row: GET /api/apikey (show the key's record)"
    );
}

#[test]
fn a_query_that_some_server_sees_in_the_path_may_name_a_method() {
    let table =
        PolicyTable::parse("default = \"allow\"\n[[operation]]\nmethod = \"DELETE\"\npath = \"/a/{id}\"\n")
            .unwrap();
    for (target, expected) in [
        ("/a/1%3F_method=DELETE", Verdict::Ambiguous),
        // Some servers drop the soft hyphen.
        ("/a/1%3F_me%C2%ADthod=DELETE", Verdict::Ambiguous),
        ("/a/1%3F_motto=DELETE", Verdict::Allow),
        ("/a/1%3Fx", Verdict::Allow),
    ] {
        assert_eq!(table.judge(b"GET", target.as_bytes()).verdict, expected, "{target}");
    }
}

#[test]
fn a_method_that_is_not_known_may_be_any() {
    let table = PolicyTable::shipped();
    let judged = |method: &str, target: &str| {
        let judgement = table.judge(method.as_bytes(), target.as_bytes());
        (judgement.verdict, judgement.ambiguity)
    };
    assert_eq!(judged("GET", "/api/apikey?_method=JEFF"), (Verdict::Deny, None));
    assert_eq!(judged("GET", "/api/file?_method=JEFF"), (Verdict::Allow, None));
    let overriding = (Verdict::Ambiguous, Some(Ambiguity::OverrideMethod));
    assert_eq!(judged("PATCH", "/api/apikey?_method=JEFF"), overriding);
    assert_eq!(judged("PATCH", "/api/apikey%3f_method=JEFF"), overriding);
    assert_eq!(judged("get", "/api/file"), (Verdict::Allow, None));
    assert_eq!(judged("get", "/api/apikey"), (Verdict::Ambiguous, Some(Ambiguity::UnknownMethod)));
    assert_eq!(judged("MKCOL", "/api/apikey"), (Verdict::Allow, None));
    assert_eq!(judged("CONNECT", "/api/apikey"), (Verdict::Deny, None));
    for method in ["", "GET ", "G\u{c9}T"] {
        assert_eq!(judged(method, "/"), (Verdict::Ambiguous, Some(Ambiguity::MalformedMethod)));
    }
}

#[test]
fn a_default_of_deny_allows_what_rows_allow_in_every_reading() {
    let table = |rows: &[&str]| {
        let row =
            |path: &&str| format!("[[operation]]\nmethod = \"GET\"\npath = \"{path}\"\neffect = \"allow\"\n");
        let rows: String = rows.iter().map(row).collect();
        PolicyTable::parse(&format!("default = \"deny\"\n{rows}")).unwrap()
    };
    let whole = table(&["/v2/{a}/manifests/{r}", "/v2/{a}/{b}/manifests/{r}"]);
    let told = |table: &PolicyTable, method: &str, path: &str| {
        let judgement = table.judge(method.as_bytes(), path.as_bytes());
        format!("{}: {judgement}", judgement.verdict)
    };
    let allowed = "allow: GET /v2/{a}/manifests/{r}";
    let refused = "ambiguous: the path holds an encoded / \\ % ? # or ;: not every reading is allowed";
    for path in [
        "/v2/library%2Falpine/manifests/sha-0123abc",
        "/v2/library%252falpine/manifests/latest?n=1",
        "/v2/library%5calpine/Manifests/latest/",
    ] {
        assert_eq!(told(&whole, "GET", path), allowed, "{path}");
    }
    for path in [
        "/v2/a%2Fb%2Fc/manifests/latest",
        "/v2/a%2F/manifests/latest",
        "/v2/a%2F%2E%2E/manifests/latest",
        "/v2/a%2Fb/manifests/x%2Fy",
        "/v2/a%2Fb/manifests/x%3By",
        "/v2%2Fa/manifests/x",
        "/v2/a%2Fmanifests/x",
    ] {
        assert_eq!(told(&whole, "GET", path), refused, "{path}");
    }
    assert_eq!(told(&whole, "HEAD", "/v2/a%2Fb/manifests/x"), refused, "HEAD is not allowed itself");
    for part in ["/v2/{a}/manifests/{r}", "/v2/{a}/{b}/manifests/{r}"] {
        assert_eq!(told(&table(&[part]), "GET", "/v2/a%2Fb/manifests/x"), refused, "{part}");
    }
    let two =
        table(&["/f/{a}/raw/{b}", "/f/{a}/{b}/raw/{c}", "/f/{a}/raw/{b}/{c}", "/f/{a}/{b}/raw/{c}/{d}"]);
    assert_eq!(told(&two, "GET", "/f/x%2Fy/raw/z%2Fw"), "allow: GET /f/{a}/raw/{b}");
    assert_eq!(told(&two, "GET", "/f/x%2Fy/raw/z%2Fw%2Fv"), refused);
}

#[test]
fn a_literal_in_another_case_allows_no_reading_under_a_case_sensitive_table() {
    // With the third row, the literal is one of several at its node; without it, a step of a chain.
    let table = |case_sensitive: bool, third: &'static str| {
        let rows = ["/Files/{a}", "/Files/{a}/{b}", third]
            .map(|path| format!("[[operation]]\nmethod = \"GET\"\npath = \"{path}\"\neffect = \"allow\"\n"));
        let head = format!("default = \"deny\"\ncase_sensitive = {case_sensitive}\n");
        PolicyTable::parse(&(head + &rows.concat())).unwrap()
    };
    let verdict = |table: &PolicyTable, path: &str| table.judge(b"GET", path.as_bytes()).verdict;
    for (case_sensitive, third) in
        [true, false].into_iter().flat_map(|case| [(case, "/Files/{a}/b/c"), (case, "/x")])
    {
        let table = table(case_sensitive, third);
        assert_eq!(verdict(&table, "/Files/x%2Fy"), Verdict::Allow);
        let other = if case_sensitive { Verdict::Ambiguous } else { Verdict::Allow };
        assert_eq!(verdict(&table, "/files/x%2Fy"), other, "case sensitive: {case_sensitive}");
    }
}

#[test]
fn the_server_as_a_whole_gets_the_default() {
    assert_eq!(PolicyTable::shipped().judge(b"OPTIONS", b"*").verdict, Verdict::Allow);
    assert_eq!(
        PolicyTable::parse("default = \"deny\"").unwrap().judge(b"OPTIONS", b"*").verdict,
        Verdict::Deny
    );
}

/// Names with dots, made of pieces that are literals and pieces that are not. Where a name has one reading,
/// all readings of the path must give the same judgement.
#[test]
fn a_name_with_dots_is_judged_as_all_its_readings_are() {
    const PIECES: [&str; 12] =
        ["a", "A", "b", "api", "json", "x", "report", ".", "..", "-", "(s", "well-known"];
    const LITERALS: [&str; 8] = ["a", "a.b", "api", ".well-known", "Report.b", "x.y.z", "..b", "{p}"];
    let mut word = 2026_u64;
    let mut below = |bound: usize| {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(word >> 33).unwrap() % bound
    };
    let (mut plain, mut several) = ([0; 3], 0);
    for _ in 0..400 {
        let default = ["allow", "deny"][below(2)];
        let mut text = format!("default = \"{default}\"\ncase_sensitive = {}\n", below(2) == 0);
        for row in 0..1 + below(8) {
            let path: String = (0..1 + below(3))
                .map(|at| format!("/{}", LITERALS[below(8)]).replace("{p}", &format!("{{p{at}}}")))
                .collect();
            let method = ["GET", "POST", "*", &format!("M{row}")][below(4)].to_owned();
            let effect = ["allow", "deny"][below(2)];
            text +=
                &format!("[[operation]]\nmethod = \"{method}\"\npath = \"{path}\"\neffect = \"{effect}\"\n");
        }
        let Ok(table) = PolicyTable::parse(&text) else { continue };
        for _ in 0..200 {
            let name = |below: &mut dyn FnMut(usize) -> usize| {
                let pieces: Vec<_> = (0..1 + below(4)).map(|_| PIECES[below(12)]).collect();
                pieces.join(["", "."][below(2)])
            };
            let target: String = (0..1 + below(4)).map(|_| format!("/{}", name(&mut below))).collect();
            let method = ["GET", "HEAD", "POST", "M1", "get"][below(5)].as_bytes();
            let Ok(Target::Path(path)) = Target::parse(method, target.as_bytes()) else { panic!("{target}") };
            let mut request = table.request(method, table.methods.find(method), &path);
            let judged = table.judge(method, target.as_bytes());
            let readings = table.judge_several(&path, &mut request).unwrap();
            if target.contains('.') {
                assert_eq!(judged, readings, "{target}\n{text}");
                match Segments::of_plain(&path, table.literals(), |_| ()) {
                    Split::Plain(()) => {
                        plain[judged.verdict as usize] += 1;
                    }
                    Split::TooMany | Split::Several => several += 1,
                }
            }
        }
    }
    assert!(plain.iter().all(|&count| count > 100) && several > 1_000, "{plain:?} {several}");
}
