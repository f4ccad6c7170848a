//! Which readings of an operation matter, for people who ask why it is refused. Not for use while serving a
//! request: it checks the rows one by one, and allocates.

use crate::limits::MAX_BOUNDS;
use crate::literals::Literals;
use crate::reading::{Bounds, Choices, LONG_NAMES, LONG_TEXT, Names, Reading, View};
use crate::target::{Path, Target};
use crate::template::Part;
use crate::{Ambiguity, Effect, Judgement, PolicyTable, Row};

/// Why an operation is judged as it is.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// The verdict.
    pub judgement: Judgement<'a>,
    /// What servers read differently in the path, in the order of [`Ambiguity::ALL`]. Empty for a plain path.
    pub choices: Vec<Ambiguity>,
    /// The rows that some reading matches and that affect the verdict, in the order of the file: those that
    /// deny and, under `default = "deny"`, those that allow.
    pub rows: Vec<Reached<'a>>,
}

/// A row that some reading of the path matches.
#[derive(Debug)]
pub struct Reached<'a> {
    /// The row.
    pub row: &'a Row,
    /// For each segment of its template, the part of the path, as sent, that is read as that segment.
    pub parts: Vec<(&'a str, String)>,
}

impl PolicyTable {
    /// Judges an operation and returns the rows that its readings match. Allocates, and checks the rows one
    /// by one.
    #[must_use]
    pub fn explain(&self, method: &[u8], target: &[u8]) -> Explanation<'_> {
        let judgement = self.judge(method, target);
        let mut explanation = Explanation { judgement, choices: Vec::new(), rows: Vec::new() };
        let is_malformed = judgement.ambiguity.is_some_and(Ambiguity::is_malformed);
        if let Ok(Target::Path(path)) = Target::parse(method, target)
            && !is_malformed
        {
            self.explain_path(method, &path, &mut explanation);
        }
        explanation
    }

    fn explain_path<'a>(&'a self, method: &[u8], path: &Path<'_>, into: &mut Explanation<'a>) {
        let mut reading = Box::new(Reading::<LONG_TEXT, MAX_BOUNDS>::EMPTY);
        if reading.read(path.text).is_err() {
            return;
        }
        let mut reasons = reading.reasons();
        if path.starts_like_a_host() {
            reasons.add(Ambiguity::NetworkPath);
        }
        let mut choices = Box::new(Choices::<u128, MAX_BOUNDS>::EMPTY);
        choices.read(reading.view(), self.takes_nothing(method), &mut reasons);
        let mut names = Box::new(Names::<u128, LONG_NAMES>::EMPTY);
        names.read(reading.view(), &choices, self.literals());
        let methods = self.methods_of(method, path, reading.may_override());
        let readings = Readings {
            path,
            view: reading.view(),
            choices: &choices,
            names: &names,
            literals: self.literals(),
        };
        let bears = |row: &&Row| row.effect() == Effect::Deny || self.default_effect() == Effect::Deny;
        let reached = self.rows().iter().filter(bears).filter(|row| self.may_be_run_as(row, methods));
        into.choices = reasons.each().collect();
        into.rows = reached.filter_map(|row| Some(Reached { row, parts: readings.parts(row)? })).collect();
    }
}

struct Readings<'r> {
    path: &'r Path<'r>,
    view: View<'r>,
    choices: &'r Choices<u128, MAX_BOUNDS>,
    names: &'r Names<u128, LONG_NAMES>,
    literals: &'r Literals,
}

impl Readings<'_> {
    /// The parts of the path that are read as the row's segments; none if no reading matches it.
    fn parts<'a>(&self, row: &'a Row) -> Option<Vec<(&'a str, String)>> {
        let template: Vec<_> = row.template.parts().collect();
        let mut reached = vec![self.choices.root];
        for part in &template {
            let ends = self.ends(*reached.last()?, *part);
            reached.push(self.choices.closed(ends));
        }
        let last = *reached.last()? & self.choices.ending;
        let mut end = last.each().next()?;
        // Walk back, along one of the ways that lead here.
        let mut parts = Vec::new();
        for (part, before) in template.iter().zip(&reached).rev() {
            let starts = (*before & self.choices.parting).each();
            let mut ways =
                starts.flat_map(|start| self.ends(u128::one(start), *part).each().map(move |at| (start, at)));
            let (start, at) = ways.find(|(_, at)| self.choices.closed(u128::one(*at)).has(end))?;
            let text = match part {
                Part::Literal(text) => text,
                Part::Parameter => "{}",
            };
            parts.push((text, self.sent(start, at)));
            end = start;
        }
        parts.reverse();
        Some(parts)
    }

    fn ends(&self, bounds: u128, part: Part<'_>) -> u128 {
        let starts = bounds & self.choices.parting;
        match part {
            Part::Parameter => self.choices.filled(starts),
            Part::Literal(text) => {
                let folded = text.to_ascii_lowercase();
                let number = self.literals.find(folded.as_bytes()).unwrap_or(u32::MAX);
                self.names.ends(self.view, starts, number, folded.as_bytes())
            }
        }
    }

    /// The path as sent between two bounds.
    fn sent(&self, start: usize, end: usize) -> String {
        let (start, end) = (self.view.bound(start).raw_next, self.view.bound(end).raw);
        let sent = self.path.text.get(usize::from(start)..usize::from(end)).unwrap_or_default();
        sent.escape_ascii().to_string()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Ambiguity, PolicyTable};

    fn explained(method: &str, target: &str) -> (Vec<Ambiguity>, Vec<String>) {
        let table = PolicyTable::shipped();
        let explanation = table.explain(method.as_bytes(), target.as_bytes());
        assert_eq!(explanation.judgement, table.judge(method.as_bytes(), target.as_bytes()));
        let parts = |parts: &[(&str, String)]| {
            parts.iter().map(|(part, sent)| format!("{part}={sent}")).collect::<Vec<_>>().join(" ")
        };
        let rows = explanation.rows.iter();
        (
            explanation.choices,
            rows.map(|reached| format!("{}: {}", reached.row, parts(&reached.parts))).collect(),
        )
    }

    #[test]
    fn each_row_that_a_reading_meets_is_told_with_what_is_read_as_it() {
        let (choices, rows) = explained("DELETE", "/api/x/%2e%2e/user%2F42.json");
        assert_eq!(choices, [Ambiguity::EncodedDelimiter, Ambiguity::DotSegment]);
        assert_eq!(rows, ["DELETE /api/user/{userId} (delete a user): api=api user=user {}=42.json"]);
        let (choices, rows) = explained("GET", "/api/ap%69key.json");
        assert_eq!(
            (choices, rows),
            (
                vec![],
                vec!["GET /api/apikey (show the key's record): api=api apikey=ap%69key.json".to_owned()]
            )
        );
    }

    #[test]
    fn what_meets_no_row_has_none() {
        let (choices, rows) = explained("DELETE", "/api/v4/projects/group%2Fproject/issues/3");
        assert_eq!((choices, rows), (vec![Ambiguity::EncodedDelimiter], vec![]));
        assert_eq!(explained("GET", "/api/file"), (vec![], vec![]));
        assert_eq!(explained("GET", "/api/apikey#"), (vec![], vec![]));
    }
}
