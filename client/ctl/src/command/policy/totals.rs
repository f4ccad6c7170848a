//! How often each verdict was given, and why.

use super::judge::word;
use super::reason::Reason;
use crate::failure::Failure;
use crate::output::{Output, Rows};
use apikeyd_client::PolicyVerdict;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Most reasons that are counted apart; all others of a verdict are one. A table has up to 10,000 rows, and this bounds
/// what a log can make the program hold.
const MAX_REASONS: usize = 1_000;

/// In the order in which they are shown.
const VERDICTS: [PolicyVerdict; 3] = [PolicyVerdict::Allow, PolicyVerdict::Deny, PolicyVerdict::Ambiguous];

/// The last object of `policy test --from`, see JSON.md.
#[derive(Serialize)]
struct TotalsObject<'a> {
    totals: TotalsFields<'a>,
}

#[derive(Serialize)]
struct TotalsFields<'a> {
    lines: u64,
    allow: u64,
    deny: u64,
    ambiguous: u64,
    unreadable: u64,
    reasons: Vec<ReasonFields<'a>>,
}

#[derive(Serialize)]
struct ReasonFields<'a> {
    verdict: &'static str,
    reason: &'a str,
    row: Option<&'a str>,
    lines: u64,
}

/// Counts by verdict and reason.
#[derive(Debug, Default)]
pub(super) struct Totals {
    unreadable: u64,
    counts: BTreeMap<(&'static str, Reason), u64>,
}

impl Totals {
    /// Counts the verdict on a line.
    pub(super) fn add(&mut self, verdict: PolicyVerdict, reason: Reason) {
        let key = (word(verdict), reason);
        let is_full = self.counts.len() >= MAX_REASONS && !self.counts.contains_key(&key);
        let key = if is_full { (key.0, Reason { code: Cow::Borrowed("other"), row: None }) } else { key };
        *self.counts.entry(key).or_default() += 1;
    }

    /// Counts a line that cannot be read, which is answered as ambiguous.
    pub(super) fn add_unreadable(&mut self) {
        self.unreadable += 1;
        self.add(PolicyVerdict::Ambiguous, Reason::unreadable());
    }

    /// Writes them behind the verdicts: as the last object, or for a person on standard error.
    ///
    /// # Errors
    /// [`Failure`] when standard output cannot be written; so for [`write`](Self::write).
    pub(super) fn append(&self, output: &mut Output) -> Result<(), Failure> {
        if output.is_json() {
            return self.write(output);
        }
        output.note(self.summary());
        for (verdict, reason, lines) in self.sorted() {
            let row = reason.row.as_deref().map(|row| format!(": {row}")).unwrap_or_default();
            output.note(format!("{lines} {verdict}, {}{row}", reason.code));
        }
        Ok(())
    }

    /// Writes them as the answer.
    pub(super) fn write(&self, output: &mut Output) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(&TotalsObject { totals: self.fields() });
        }
        let cells = |(verdict, reason, lines): (&str, &Reason, u64)| {
            let row = reason.row.clone().unwrap_or_default();
            [verdict.to_owned(), lines.to_string(), reason.code.clone().into_owned(), row]
        };
        Rows::under(["VERDICT", "LINES", "REASON", "ROW"])
            .batch(output, self.sorted().into_iter().map(cells).collect())?;
        output.note(self.summary());
        Ok(())
    }

    fn fields(&self) -> TotalsFields<'_> {
        TotalsFields {
            lines: self.lines(),
            allow: self.of(PolicyVerdict::Allow),
            deny: self.of(PolicyVerdict::Deny),
            ambiguous: self.of(PolicyVerdict::Ambiguous),
            unreadable: self.unreadable,
            reasons: self.sorted().into_iter().map(fields_of).collect(),
        }
    }

    fn summary(&self) -> String {
        let [allow, deny, ambiguous] = VERDICTS.map(|verdict| self.of(verdict));
        let lines = self.lines();
        let unreadable = match self.unreadable {
            0 => String::new(),
            some => format!(", {some} of them not readable"),
        };
        format!("{lines} lines: {allow} allow, {deny} deny, {ambiguous} ambiguous{unreadable}")
    }

    fn lines(&self) -> u64 {
        self.counts.values().sum()
    }

    fn of(&self, verdict: PolicyVerdict) -> u64 {
        let counts = self.counts.iter().filter(|((counted, _), _)| *counted == word(verdict));
        counts.map(|(_, lines)| lines).sum()
    }

    /// By verdict, the most frequent reason first.
    fn sorted(&self) -> Vec<(&'static str, &Reason, u64)> {
        let mut all: Vec<_> =
            self.counts.iter().map(|((counted, reason), lines)| (*counted, reason, *lines)).collect();
        let place = |counted: &str| VERDICTS.iter().position(|verdict| word(*verdict) == counted);
        all.sort_by_key(|(counted, _, lines)| (place(counted), std::cmp::Reverse(*lines)));
        all
    }
}

fn fields_of<'a>((verdict, reason, lines): (&'static str, &'a Reason, u64)) -> ReasonFields<'a> {
    ReasonFields { verdict, reason: &reason.code, row: reason.row.as_deref(), lines }
}

#[cfg(test)]
mod tests {
    use super::{MAX_REASONS, Reason, Totals};
    use apikeyd_client::PolicyVerdict;

    #[test]
    fn reasons_beyond_the_bound_are_counted_as_one() {
        let mut totals = Totals::default();
        for row in 0..MAX_REASONS + 10 {
            totals.add(PolicyVerdict::Deny, Reason { code: "row".into(), row: Some(format!("PUT /{row}")) });
            totals.add(PolicyVerdict::Deny, Reason { code: "row".into(), row: Some("PUT /0".into()) });
        }
        let count = u64::try_from(2 * (MAX_REASONS + 10)).unwrap_or_default();
        assert_eq!((totals.lines(), totals.of(PolicyVerdict::Deny)), (count, count));
        assert_eq!(totals.sorted().len(), MAX_REASONS + 1);
        assert_eq!(
            totals.sorted().get(1).map(|(_, reason, lines)| (&*reason.code, *lines)),
            Some(("other", 10))
        );
    }
}
