//! The policy table: what a file says, made ready to judge.

#[cfg(feature = "file")]
use crate::Fault;
#[cfg(feature = "file")]
use crate::file::PolicyFile;
use crate::index::{Found, Index};
use crate::method::{MethodSet, Methods};
use crate::method_override::Overrides;
use crate::segments::Segments;
use crate::target::Target;
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

    fn try_judge(&self, method: &[u8], target: &[u8]) -> Result<Judgement<'_>, Ambiguity> {
        let method = self.methods.find(method).ok_or(Ambiguity::UnknownMethod)?;
        let target = Target::parse(target)?;
        let overrides = target.query.map_or(Overrides::NONE, |query| Overrides::of(query, &self.methods));
        let wanted = (method | overrides.methods).with_get_for_head();
        let found = Segments::of(&target, |segments| self.index.find(segments, wanted))?;
        Ok(self.strictest(&found, wanted, overrides.unknown))
    }

    /// Deny before ambiguous before allow, over all rows found and all methods wanted.
    fn strictest(&self, found: &Found, wanted: MethodSet, unknown_override: bool) -> Judgement<'_> {
        let row = |at: Option<usize>| at.and_then(|at| self.rows.get(at));
        let by_default = !(wanted & !found.methods).is_empty();
        if found.deny.is_some() {
            Judgement::decided(Effect::Deny, row(found.deny))
        } else if by_default && self.default == Effect::Deny {
            Judgement::decided(Effect::Deny, None)
        } else if found.near.is_some() {
            Judgement::ambiguous(Ambiguity::NearLiteral, row(found.near))
        } else if unknown_override {
            Judgement::ambiguous(Ambiguity::OverrideMethod, None)
        } else {
            Judgement::decided(Effect::Allow, row(found.allow))
        }
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
        assert_eq!(told("GET", "/a/../b"), "a segment of the path consists of dots and blanks only");
        assert_eq!(
            told("GET", "/api/apikey.json"),
            "a segment of the path is almost a literal of a row: GET /api/apikey (show the key's record)"
        );
    }

    #[test]
    fn deny_comes_before_an_unknown_override_comes_before_allow() {
        let table = PolicyTable::shipped();
        assert_eq!(table.judge(b"GET", b"/api/apikey?_method=TRACE").verdict, Verdict::Deny);
        let judgement = table.judge(b"GET", b"/api/file?_method=TRACE");
        assert_eq!(judgement.ambiguity, Some(Ambiguity::OverrideMethod));
    }
}
