//! A table of rows, made ready to judge.

#[cfg(feature = "file")]
use crate::diagnostic::Diagnostic;
use crate::effect::Effect;
#[cfg(feature = "file")]
use crate::file::PolicyFile;
use crate::index::Index;
use crate::literals::Literals;
use crate::method::Methods;
use crate::row::Row;
use std::fmt;

/// The compiled-in policy file: the twelve operations of the product that no API key may perform. It is also
/// the example of the format.
pub const SHIPPED: &str = include_str!("../../policy.toml");

/// A policy table. It never changes, and is cheap to share in an `Arc`.
pub struct PolicyTable {
    pub(super) source: Box<str>,
    pub(super) default: Effect,
    pub(super) case_sensitive: bool,
    pub(super) rows: Vec<Row>,
    pub(super) methods: Methods,
    pub(super) index: Index,
}

impl PolicyTable {
    /// The table of [`SHIPPED`].
    #[cfg(feature = "file")]
    #[must_use]
    #[expect(clippy::panic, reason = "the text is a constant, and a test parses it")]
    pub fn shipped() -> Self {
        Self::parse(SHIPPED)
            .unwrap_or_else(|diagnostics| panic!("the compiled-in policy has faults: {diagnostics:?}"))
    }

    /// Reads a policy file; see [`SHIPPED`] for the format.
    ///
    /// # Errors
    ///
    /// The faults of the file in its order, at least one. A fault in one row does not hide those of others.
    /// At most [`MAX_DIAGNOSTICS`](crate::MAX_DIAGNOSTICS) are reported, followed by a note if there are more. A file
    /// that cannot be a table, because of its size or of how much it opens, gets one fault, and nothing is
    /// built from it.
    #[cfg(feature = "file")]
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let PolicyFile { default, case_sensitive, rows, methods } = PolicyFile::parse(text)?;
        Ok(Self { source: text.into(), ..Self::of(default, case_sensitive, rows, methods) })
    }

    /// Builds a table from checked parts.
    pub(crate) fn of(default: Effect, case_sensitive: bool, rows: Vec<Row>, methods: Methods) -> Self {
        let index = Index::new(&rows, &methods, case_sensitive);
        Self { source: Box::default(), default, case_sensitive, rows, methods, index }
    }

    /// The rows in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The effect on operations that no row covers.
    #[must_use]
    pub fn default_effect(&self) -> Effect {
        self.default
    }

    /// True if literal segments are compared exactly, so that a difference in case alone is ambiguous.
    #[must_use]
    pub fn case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    /// The text that the table was parsed from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The literals of all rows.
    pub(crate) fn literals(&self) -> &Literals {
        self.index.literals()
    }
}

/// The size of the table, not its text, which may be megabytes.
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
    use crate::effect::Effect;

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
}
