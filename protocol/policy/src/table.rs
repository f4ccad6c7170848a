//! The policy table: what a file says, made ready to judge.

#[cfg(feature = "file")]
use crate::Fault;
#[cfg(feature = "file")]
use crate::file::PolicyFile;
use crate::index::{Asked, Found, Index, Parted, Readings};
use crate::method::{self, MethodSet, Methods};
use crate::method_override::Overrides;
use crate::reading::{
    Choices, LONG_NAMES, LONG_TEXT, MAX_BOUNDS, Names, NamesOf, Reading, SHORT_BOUNDS, SHORT_NAMES,
    SHORT_TEXT, TooLong, View,
};
use crate::segments::{Segments, Split};
use crate::target::{Path, Target};
use crate::{Ambiguity, Effect, Judgement, Row};
use std::fmt;

/// The policy file that is compiled in: the twelve operations of the product that may not be done with an API
/// key. It is also the example of the format.
pub const SHIPPED: &str = include_str!("../policy.toml");

/// Most rows of a table: far more than any API has operations. It bounds what a judgement may have to look at,
/// and the memory that a file can claim.
pub const MAX_ROWS: usize = 10_000;

/// A policy table. It never changes, and is cheap to share in an `Arc`.
pub struct PolicyTable {
    source: Box<str>,
    default: Effect,
    case_sensitive: bool,
    rows: Vec<Row>,
    methods: Methods,
    index: Index,
}

impl PolicyTable {
    /// The table of [`SHIPPED`].
    #[cfg(feature = "file")]
    #[must_use]
    #[expect(clippy::panic, reason = "the text is a constant, and a test parses it")]
    pub fn shipped() -> Self {
        Self::parse(SHIPPED).unwrap_or_else(|faults| panic!("the compiled-in policy has faults: {faults:?}"))
    }

    /// Reads a policy file; see [`SHIPPED`] for the format.
    ///
    /// # Errors
    ///
    /// The faults of the file in its order, at least one. A fault in one row does not hide those of others. At most
    /// [`MAX_FAULTS`](crate::MAX_FAULTS) are told, and then one more says so. A file that no table is, by its size
    /// or by what it opens, gets one fault, and nothing is built of it.
    #[cfg(feature = "file")]
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let PolicyFile { default, case_sensitive, rows, methods } = PolicyFile::parse(text)?;
        Ok(Self { source: text.into(), ..Self::of(default, case_sensitive, rows, methods) })
    }

    /// Of parts that were checked.
    pub(crate) fn of(default: Effect, case_sensitive: bool, rows: Vec<Row>, methods: Methods) -> Self {
        let index = Index::new(&rows, &methods, case_sensitive);
        Self { source: Box::default(), default, case_sensitive, rows, methods, index }
    }

    /// Judges an operation: the method as sent, and the request target as sent, query and all.
    ///
    /// Both are taken as hostile bytes. Does not allocate. See the crate's documentation for the rules, and
    /// for what the caller must have applied before.
    #[must_use]
    pub fn judge(&self, method: &[u8], target: &[u8]) -> Judgement<'_> {
        self.try_judge(method, target).unwrap_or_else(|reason| Judgement::ambiguous(reason, None))
    }

    /// The rows in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What operations get that no row names.
    #[must_use]
    pub fn default_effect(&self) -> Effect {
        self.default
    }

    /// True when literal segments are compared exactly, and a difference of case alone is ambiguous.
    #[must_use]
    pub fn case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    /// The text that the table was parsed from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What of the literals bounds the names of a path that are to be looked for.
    pub(crate) fn names(&self) -> NamesOf {
        self.index.names()
    }

    /// All methods under which some server may run a request. `may_override` says that its path may hold another one.
    pub(crate) fn methods_of(&self, method: &[u8], path: &Path<'_>, may_override: bool) -> MethodSet {
        let known = self.methods.find(method);
        let overrides = path.query.map_or(Overrides::NONE, |query| Overrides::of(query, &self.methods));
        let mut request = Request::of(known.unwrap_or(MethodSet::ALL), overrides, method == b"CONNECT");
        if may_override {
            request.may_be_any(Ambiguity::OverrideMethod);
        }
        request.asked.certain | request.asked.possible
    }

    /// True when the row covers one of the methods.
    pub(crate) fn may_be_run_as(&self, row: &Row, methods: MethodSet) -> bool {
        let covered = row.method().and_then(|method| self.methods.find(method.as_bytes()));
        covered.is_none_or(|covered| !(covered & methods).is_empty())
    }

    /// Judges an operation that HTTP allows; the error is why it does not.
    fn try_judge(&self, method: &[u8], target: &[u8]) -> Result<Judgement<'_>, Ambiguity> {
        let known = self.methods.find(method);
        if known.is_none() && !method::is_token(method) {
            return Err(Ambiguity::MalformedMethod);
        }
        let path = match Target::parse(method, target)? {
            Target::Asterisk => return Ok(Judgement::decided(self.default, None)),
            Target::Path(path) => path,
        };
        let overrides = path.query.map_or(Overrides::NONE, |query| Overrides::of(query, &self.methods));
        let mut request = Request::of(known.unwrap_or(MethodSet::NONE), overrides, method == b"CONNECT");
        if known.is_none() {
            request.may_be_any(Ambiguity::UnknownMethod);
        }
        let mut found = Found::default();
        match Segments::of_plain(&path, |segments| self.index.find(segments, request.asked, &mut found)) {
            Split::Plain(()) | Split::TooMany => Ok(self.strictest(&found, &request, true)),
            Split::Several if path.text.len() <= SHORT_TEXT * 3 / 4 => {
                match self.judge_readings::<SHORT_TEXT, SHORT_BOUNDS, SHORT_NAMES>(&path, &mut request) {
                    Ok(judgement) => Ok(judgement),
                    Err(TooLong) => self.judge_long(&path, &mut request),
                }
            }
            Split::Several => self.judge_long(&path, &mut request),
        }
    }

    // Not inlined, so that its buffers are not part of the frame of every judgement.
    #[inline(never)]
    fn judge_long(&self, path: &Path<'_>, request: &mut Request) -> Result<Judgement<'_>, Ambiguity> {
        let judged = self.judge_readings::<LONG_TEXT, MAX_BOUNDS, LONG_NAMES>(path, request);
        judged.map_err(|TooLong| Ambiguity::TooManySegments)
    }

    /// Judges a path that servers may read in several ways.
    #[inline(never)]
    fn judge_readings<const TEXT: usize, const BOUNDS: usize, const NAMES: usize>(
        &self,
        path: &Path<'_>,
        request: &mut Request,
    ) -> Result<Judgement<'_>, TooLong> {
        let mut reading = Reading::<TEXT, BOUNDS>::EMPTY;
        reading.read(path.text)?;
        let view = reading.view();
        let mut reasons = reading.reasons();
        if path.starts_like_a_host() {
            reasons.add(Ambiguity::NetworkPath);
        }
        let mut choices = Choices::<BOUNDS>::EMPTY;
        choices.read(view, &mut reasons);
        if reading.may_override() {
            request.may_be_any(Ambiguity::OverrideMethod);
        }
        let mut found = Found::default();
        if !choices.is_open {
            // Every server reads the same segments, and as sent they may be those of a row.
            Segments::of_certain(path, |segments| self.index.find(segments, request.asked, &mut found));
            if found.deny.is_some() {
                return Ok(self.strictest(&found, request, true));
            }
        }
        let is_default_deny = self.default == Effect::Deny;
        let mut names = Names::<NAMES>::EMPTY;
        names.read(view, &choices, self.index.names());
        let readings = Readings { view, choices: &choices, names: &names };
        self.index.find_possible(&readings, request.asked, is_default_deny, &mut found);
        request.reasons = request.reasons.or(reasons.first());
        if is_default_deny
            && choices.is_open
            && found.may_deny.is_none()
            && found.may_allow
            && let Some(row) = self.row_for_every(path, view, &choices, request.asked)
        {
            return Ok(Judgement::decided(Effect::Allow, Some(row)));
        }
        Ok(self.strictest(&found, request, !choices.is_open))
    }

    /// The first row that allows a reading, if rows are known to allow each. Not inlined: see [`judge_long`](Self::judge_long).
    #[inline(never)]
    fn row_for_every<const BOUNDS: usize>(
        &self,
        path: &Path<'_>,
        view: View<'_>,
        choices: &Choices<BOUNDS>,
        asked: Asked,
    ) -> Option<&Row> {
        let mut parted = Parted::of(path, view, choices)?;
        self.rows.get(self.index.find_every(&mut parted, asked)?)
    }

    /// Deny before ambiguous before allow. `is_certain` says that all servers read the same segments.
    fn strictest(&self, found: &Found, request: &Request, is_certain: bool) -> Judgement<'_> {
        let row = |at: Option<usize>| at.and_then(|at| self.rows.get(at));
        let reason = request.reasons.unwrap_or(Ambiguity::NearLiteral);
        let all = request.asked.certain | request.asked.possible;
        if found.deny.is_some() {
            Judgement::decided(Effect::Deny, row(found.deny))
        } else if found.may_deny.is_some() {
            Judgement::ambiguous(reason, row(found.may_deny))
        } else if self.default == Effect::Allow || is_certain && (all & !found.allowed).is_empty() {
            Judgement::decided(Effect::Allow, row(found.allow))
        } else if !found.may_allow {
            // Nothing allows it, in whichever reading, under at least one method.
            Judgement::decided(Effect::Deny, None)
        } else {
            // A row that allows is no reason to refuse.
            Judgement::ambiguous(reason, None)
        }
    }
}

/// What is asked of the table for a request.
#[derive(Debug)]
struct Request {
    asked: Asked,
    /// Why there is more than one reading, as far as it is known.
    reasons: Option<Ambiguity>,
}

impl Request {
    fn of(method: MethodSet, overrides: Overrides, is_connect: bool) -> Self {
        let certain = (method | overrides.methods).with_get_for_head();
        // The extended CONNECT of HTTP/2 reaches handlers of GET (RFC 8441).
        let certain = if is_connect { certain.with_get() } else { certain };
        let mut request = Self { asked: Asked { certain, possible: MethodSet::NONE }, reasons: None };
        if overrides.unknown {
            request.may_be_any(Ambiguity::OverrideMethod);
        }
        request
    }

    fn may_be_any(&mut self, reason: Ambiguity) {
        self.asked.possible = MethodSet::ALL;
        self.reasons = self.reasons.or(Some(reason));
    }
}

/// The size of the table, not its text: that may be megabytes.
impl fmt::Debug for PolicyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyTable")
            .field("rows", &self.rows.len())
            .field("default", &self.default)
            .field("case_sensitive", &self.case_sensitive)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::PolicyTable;
    use crate::{Ambiguity, Effect, Verdict};

    #[test]
    fn the_shipped_table_has_the_twelve_operations() {
        let table = PolicyTable::shipped();
        let rows: Vec<_> = table.rows().iter().map(|row| (row.method().unwrap(), row.template())).collect();
        assert_eq!(
            rows,
            [
                ("GET", "/api/apikey/generate"),
                ("GET", "/api/apikey"),
                ("POST", "/api/apikey"),
                ("PUT", "/api/apikey"),
                ("DELETE", "/api/apikey/{id}"),
                ("GET", "/api/user/active/{startIndex}/{count}"),
                ("POST", "/api/user/create"),
                ("PUT", "/api/user/role"),
                ("GET", "/api/user/requests"),
                ("DELETE", "/api/user/{userId}"),
                ("PUT", "/api/user"),
                ("POST", "/api/user/validation"),
            ]
        );
        assert!(table.rows().iter().all(|row| row.effect() == Effect::Deny && row.name().is_some()));
        assert_eq!((table.default_effect(), table.case_sensitive()), (Effect::Allow, false));
        assert_eq!(table.source(), super::SHIPPED);
    }

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
            let row = |path: &&str| {
                format!("[[operation]]\nmethod = \"GET\"\npath = \"{path}\"\neffect = \"allow\"\n")
            };
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
    fn the_server_as_a_whole_gets_the_default() {
        assert_eq!(PolicyTable::shipped().judge(b"OPTIONS", b"*").verdict, Verdict::Allow);
        assert_eq!(
            PolicyTable::parse("default = \"deny\"").unwrap().judge(b"OPTIONS", b"*").verdict,
            Verdict::Deny
        );
    }
}
