//! What a run came to.

use super::history::{Answer, Call, Operation};
use super::search::{Unexplained, search};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    time: Duration,
    histories: u64,
    operations: u64,
    steps: u64,
    /// The most requests of one user that ran at once.
    at_once: usize,
    hits: u64,
    by_call: BTreeMap<(&'static str, &'static str), u64>,
    unexplained: Vec<(usize, Unexplained)>,
}

impl Report {
    /// Searches one user's history, and counts it.
    pub(super) fn add(&mut self, user: usize, history: &[Operation]) {
        self.histories += 1;
        self.operations += history.len() as u64;
        self.at_once = self.at_once.max(most_at_once(history));
        for operation in history {
            *self.by_call.entry((name_of(operation.call), answer_of(operation.answer))).or_default() += 1;
        }
        match search(history) {
            Ok(steps) => self.steps += steps,
            Err(unexplained) => self.unexplained.push((user, unexplained)),
        }
    }

    pub(super) fn finished(self, time: Duration, hits: u64) -> Self {
        Self { time, hits, ..self }
    }

    /// Whether every history has an explanation.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.unexplained.is_empty()
    }

    /// Operations in the histories that were searched.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// Validations that a cache answered.
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.hits
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "time                          {:.1} s", self.time.as_secs_f64())?;
        writeln!(f, "operations                    {}", self.operations)?;
        for ((call, answer), count) in &self.by_call {
            writeln!(f, "    {:<26}{count}", format!("{call}: {answer}"))?;
        }
        writeln!(f, "validations from caches       {}", self.hits)?;
        writeln!(f, "histories                     {}", self.histories)?;
        writeln!(f, "most at once for one user     {}", self.at_once)?;
        writeln!(f, "steps of the search           {}", self.steps)?;
        writeln!(f, "histories not explained       {}", self.unexplained.len())?;
        for (user, Unexplained { explained, stuck_at }) in &self.unexplained {
            writeln!(f, "UNEXPLAINED: user-{user}, after {explained} operations none of these can come:")?;
            stuck_at.iter().try_for_each(|operation| writeln!(f, "    {operation:?}"))?;
        }
        Ok(())
    }
}

fn most_at_once(history: &[Operation]) -> usize {
    let begins = history.iter().map(|operation| (operation.invoked, true));
    let ends = history.iter().map(|operation| (operation.returned, false));
    let mut events: Vec<(u64, bool)> = begins.chain(ends).collect();
    events.sort_unstable();
    let (mut now, mut most) = (0_usize, 0);
    for (_, begins) in events {
        now = if begins { now + 1 } else { now - 1 };
        most = most.max(now);
    }
    most
}

const fn name_of(call: Call) -> &'static str {
    match call {
        Call::Generate => "generate",
        Call::Save { .. } => "save",
        Call::Delete { .. } => "delete",
        Call::ChangeCredentials => "credentials changed",
        Call::Retrieve => "retrieve",
        Call::Validate { .. } => "validate",
    }
}

const fn answer_of(answer: Answer) -> &'static str {
    match answer {
        Answer::Generated(_) => "draft",
        Answer::Saved { ended: None, replaced: None } => "added",
        Answer::Saved { ended: None, replaced: Some(_) } => "replaced",
        Answer::Saved { ended: Some(_), .. } => "saved, and ended since",
        Answer::Ended => "ended",
        Answer::EndedBefore(_) => "ended before",
        Answer::Discarded => "draft discarded",
        Answer::UserRevoked { key: Some(_), .. } => "key ended",
        Answer::UserRevoked { key: None, draft: Some(_) } => "draft dropped",
        Answer::UserRevoked { key: None, draft: None } => "nothing there",
        Answer::Active(Some(_)) => "active",
        Answer::Active(None) => "none",
        Answer::Valid => "valid",
        Answer::Refused => "refused",
        Answer::NotFound => "not found",
        Answer::Conflict => "conflict",
    }
}
