//! Cookieless sessions of ASP.NET at the start of a segment, `(S(...))`.

use super::builder::{Builder, may_be_nothing};
use crate::ambiguity::Ambiguity;
use crate::reading::view::{Bound, Kind, token};

/// Number of tokens to search backwards for the start of a session in which some bytes are not UTF-8.
const REST: usize = 64;

impl<const TEXT: usize, const BOUNDS: usize> Builder<'_, TEXT, BOUNDS> {
    /// Starts a session if bytes that are not UTF-8 may be a letter or a bracket of its start.
    pub(super) fn start_unclear_session(&mut self) {
        let is_near = |at: usize| self.reading.length <= at + REST + 2;
        if !self.anything_at.is_some_and(is_near) {
            return;
        }
        let mut has_anything = false;
        for start in (0..self.reading.length).rev().skip(1).take(REST) {
            let token = self.reading.text.get(start).copied();
            has_anything |= token == Some(token::ANYTHING);
            if has_anything && token == Some(b'(') && self.starts_segment(start) {
                return self.start_session(start);
            }
        }
    }

    /// ASP.NET cuts `(S(...))` from the start of a segment and joins the rest to the preceding segment.
    pub(super) fn start_session(&mut self, start: usize) {
        if !self.starts_segment(start) {
            return;
        }
        let bounds = self.reading.bounds.get_mut(..self.reading.count).unwrap_or_default();
        let starts = |bound: &&mut Bound| bound.kind.parts() && usize::from(bound.next) <= start;
        let Some(last) = bounds.iter_mut().rev().find(starts) else { return };
        last.kind.add(Kind::SPLIT);
        let (at, next) = (usize::from(last.at), usize::from(last.next));
        for place in self.reading.text.get_mut(at..=next).unwrap_or_default() {
            *place = token::ANYTHING;
        }
        // What is known about the overwritten text no longer holds.
        (self.anything_at, self.untrimmed) = (self.anything_at.max(Some(next)), None);
        self.hide_again(next + 1);
        self.reading.reasons.add(Ambiguity::CookielessSession);
        self.in_session = true;
    }

    /// True if only what servers trim lies between the start of a segment and this place.
    fn starts_segment(&mut self, place: usize) -> bool {
        let bounds = self.reading.bounds.get(..self.reading.count).unwrap_or_default();
        // A dropped control may have left a bound after which no segment starts.
        let last = bounds.iter().rev().find(|bound| bound.kind.parts() && usize::from(bound.next) <= place);
        let Some(start) = last.map(|last| usize::from(last.next)) else { return false };
        if self.untrimmed.is_some_and(|(of, at)| of == start && at < place) {
            return false;
        }
        let Some(before) = self.reading.text.get(start..place) else { return false };
        let is_trimmed =
            |token: &u8| matches!(*token, b' ' | b'.' | token::ANYTHING) || may_be_nothing(*token);
        let untrimmed = before.iter().position(|token| !is_trimmed(token));
        self.untrimmed = untrimmed.map(|at| (start, start + at));
        untrimmed.is_none()
    }
}
