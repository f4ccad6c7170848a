//! Tables that an input chooses, as rows and as a policy file.

use crate::fuzz::input::Input;

/// A table.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) default_denies: bool,
    pub(super) case_sensitive: bool,
    pub(super) rows: Vec<Rule>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// `None` for every method.
    pub(super) method: Option<&'static str>,
    /// Literals; `None` for a parameter.
    pub(super) segments: Vec<Option<&'static str>>,
    pub(super) denies: bool,
}

const METHODS: [Option<&str>; 9] = [
    Some("GET"),
    Some("POST"),
    Some("PUT"),
    Some("DELETE"),
    Some("HEAD"),
    Some("PATCH"),
    Some("OPTIONS"),
    None,
    Some("PURGE"),
];

const SEGMENTS: [Option<&str>; 12] = [
    Some("api"),
    Some("user"),
    Some("apikey"),
    Some("generate"),
    Some("role"),
    None,
    Some("API"),
    Some("a.b"),
    Some("v1"),
    Some("a"),
    Some("x~y"),
    Some("users"),
];

/// The twelve operations of the product.
const SHIPPED: [(&str, &[Option<&str>]); 12] = [
    ("GET", &[Some("api"), Some("apikey"), Some("generate")]),
    ("GET", &[Some("api"), Some("apikey")]),
    ("POST", &[Some("api"), Some("apikey")]),
    ("PUT", &[Some("api"), Some("apikey")]),
    ("DELETE", &[Some("api"), Some("apikey"), None]),
    ("GET", &[Some("api"), Some("user"), Some("active"), None, None]),
    ("POST", &[Some("api"), Some("user"), Some("create")]),
    ("PUT", &[Some("api"), Some("user"), Some("role")]),
    ("GET", &[Some("api"), Some("user"), Some("requests")]),
    ("DELETE", &[Some("api"), Some("user"), None]),
    ("PUT", &[Some("api"), Some("user")]),
    ("POST", &[Some("api"), Some("user"), Some("validation")]),
];

impl Rules {
    /// The first byte has the two settings and the number of rows; without rows it is the shipped table.
    pub(super) fn choose(input: &mut Input<'_>) -> Self {
        let settings = input.byte();
        let mut rows: Vec<Rule> = Vec::new();
        for _ in 0..settings >> 2 & 7 {
            let row = choose_row(input);
            // Two rows for one operation are a fault of the file, which is another target's business.
            if !rows.iter().any(|other| other.method == row.method && meets(&other.segments, &row.segments)) {
                rows.push(row);
            }
        }
        if rows.is_empty() {
            let shipped = SHIPPED.iter();
            rows.extend(shipped.map(|(method, segments)| Rule {
                method: Some(method),
                segments: segments.to_vec(),
                denies: true,
            }));
        }
        Self { default_denies: settings & 1 == 1, case_sensitive: settings & 2 == 2, rows }
    }

    /// The table as a policy file.
    pub(super) fn file(&self) -> String {
        let effect = |denies| if denies { "deny" } else { "allow" };
        let mut out = format!(
            "default = \"{}\"\ncase_sensitive = {}\n",
            effect(self.default_denies),
            self.case_sensitive
        );
        for Rule { method, segments, denies } in &self.rows {
            let path: String = (1..)
                .zip(segments)
                .map(|(number, segment)| {
                    segment.map_or_else(|| format!("/{{p{number}}}"), |literal| format!("/{literal}"))
                })
                .collect();
            let path = if path.is_empty() { "/" } else { &path };
            let (method, effect) = (method.unwrap_or("*"), effect(*denies));
            out +=
                &format!("[[operation]]\nmethod = \"{method}\"\npath = \"{path}\"\neffect = \"{effect}\"\n");
        }
        out
    }
}

fn choose_row(input: &mut Input<'_>) -> Rule {
    let first = usize::from(input.byte());
    let segments = (0..input.below(5)).map(|_| input.choose(&SEGMENTS)).collect();
    Rule { method: METHODS[first / 2 % METHODS.len()], segments, denies: first.is_multiple_of(2) }
}

/// Whether two templates are the same to some reader of the file.
fn meets(one: &[Option<&str>], other: &[Option<&str>]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|pair| match pair {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            (None, None) => true,
            _ => false,
        })
}
