//! How a table judges an operation.

use super::rows::PolicyTable;
use crate::ambiguity::Ambiguity;
use crate::effect::Effect;
use crate::index::{Asked, Found, Parted, Readings};
use crate::limits::MAX_BOUNDS;
use crate::method::{self, MethodSet};
use crate::method_override::Overrides;
use crate::reading::{
    Bounds, Choices, FEW_BOUNDS, LONG_NAMES, LONG_STATES, LONG_TEXT, MORE_BOUNDS, Names, Read, Reading,
    SHORT_NAMES, SHORT_STATES, SHORT_TEXT, TooLong, View,
};
use crate::row::Row;
use crate::segments::{Segments, Split};
use crate::target::{Marks, Path, Target};
use crate::verdict::Judgement;

const CONNECT: &[u8] = b"CONNECT";

impl PolicyTable {
    /// Judges an operation: the method as sent, and the request target as sent, including the query.
    ///
    /// Both are treated as hostile bytes. Does not allocate. See the crate's documentation for the rules, and
    /// for what the caller must have applied before.
    #[must_use]
    pub fn judge(&self, method: &[u8], target: &[u8]) -> Judgement<'_> {
        self.try_judge(method, target).unwrap_or_else(|reason| Judgement::ambiguous(reason, None))
    }

    /// True if a parameter may take an empty segment under this method, as Go's `ServeMux` allows under
    /// CONNECT.
    pub(crate) fn takes_nothing(&self, method: &[u8]) -> bool {
        method == CONNECT || self.methods.find(method).is_none()
    }

    /// All methods under which some server may run a request. `may_override` says that its path may name
    /// another one.
    pub(crate) fn methods_of(&self, method: &[u8], path: &Path<'_>, may_override: bool) -> MethodSet {
        let mut request = self.request(method, self.methods.find(method), path);
        if may_override {
            request.may_be_any(Ambiguity::OverrideMethod);
        }
        request.asked.certain | request.asked.possible
    }

    /// True if the row covers one of the methods.
    pub(crate) fn may_be_run_as(&self, row: &Row, methods: MethodSet) -> bool {
        let covered = row.method().and_then(|method| self.methods.find(method.as_bytes()));
        covered.is_none_or(|covered| !(covered & methods).is_empty())
    }

    /// Judges an operation that HTTP allows; the error says why HTTP does not allow it.
    fn try_judge(&self, method: &[u8], target: &[u8]) -> Result<Judgement<'_>, Ambiguity> {
        let known = self.methods.find(method);
        if known.is_none() && !method::is_token(method) {
            return Err(Ambiguity::MalformedMethod);
        }
        let path = match Target::parse(method, target)? {
            Target::Asterisk => return Ok(Judgement::decided(self.default, None)),
            Target::Path(path) => path,
        };
        let mut request = self.request(method, known, &path);
        let mut found = Found::default();
        let find = |segments: &Segments<'_>| self.index.find(segments, request.asked, &mut found);
        match Segments::of_plain(&path, self.index.literals(), find) {
            Split::Plain(()) | Split::TooMany => {
                // A name with dots is judged as if by all readings of the path, of which this is one.
                found.may_allow |= path.marks.has(Marks::DOT) && found.allow.is_some();
                Ok(self.strictest(&found, &request, true))
            }
            Split::Several => self.judge_several(&path, &mut request),
        }
    }

    /// What a request's method and query ask of the table. `known` is the method if it is known.
    fn request(&self, method: &[u8], known: Option<MethodSet>, path: &Path<'_>) -> Request {
        let overrides = path.query.map_or(Overrides::NONE, |query| Overrides::of(query, &self.methods));
        let mut request = Request::of(known.unwrap_or(MethodSet::NONE), overrides, method == CONNECT);
        if known.is_none() {
            request.may_be_any(Ambiguity::UnknownMethod);
            request.takes_nothing = true;
        }
        request
    }

    /// Judges a path that servers may read in several ways, in the smallest buffers that suffice.
    // Not inlined, so that a plain path pays nothing for it.
    #[inline(never)]
    fn judge_several(&self, path: &Path<'_>, request: &mut Request) -> Result<Judgement<'_>, Ambiguity> {
        let judged = if path.text.len() > SHORT_TEXT * 3 / 4 {
            Err(TooLong)
        } else if path.text.iter().filter(|byte| **byte == b'/').count() + 2 > MORE_BOUNDS {
            self.judge_dense(path, request)
        } else {
            self.judge_short(path, request)
        };
        judged.or_else(|TooLong| self.judge_long(path, request)).map_err(|TooLong| Ambiguity::TooManySegments)
    }

    // Not inlined, so that none of these buffers is part of another function's frame.
    #[inline(never)]
    fn judge_short(&self, path: &Path<'_>, request: &mut Request) -> Result<Judgement<'_>, TooLong> {
        let mut reading = Reading::<SHORT_TEXT, MORE_BOUNDS>::EMPTY;
        match reading.read(path.text) {
            Ok(()) if reading.view().bounds.len() <= FEW_BOUNDS => self
                .judge_readings::<u64, FEW_BOUNDS, SHORT_NAMES, SHORT_STATES>(
                    path,
                    reading.read_as(),
                    request,
                ),
            Ok(()) => self.judge_readings::<u64, MORE_BOUNDS, SHORT_NAMES, SHORT_STATES>(
                path,
                reading.read_as(),
                request,
            ),
            Err(TooLong) => self.judge_dense(path, request),
        }
    }

    #[inline(never)]
    fn judge_dense(&self, path: &Path<'_>, request: &mut Request) -> Result<Judgement<'_>, TooLong> {
        let mut reading = Reading::<SHORT_TEXT, MAX_BOUNDS>::EMPTY;
        reading.read(path.text)?;
        self.judge_readings::<u128, MAX_BOUNDS, SHORT_NAMES, SHORT_STATES>(path, reading.read_as(), request)
    }

    #[inline(never)]
    fn judge_long(&self, path: &Path<'_>, request: &mut Request) -> Result<Judgement<'_>, TooLong> {
        let mut reading = Reading::<LONG_TEXT, MAX_BOUNDS>::EMPTY;
        reading.read(path.text)?;
        self.judge_readings::<u128, MAX_BOUNDS, LONG_NAMES, LONG_STATES>(path, reading.read_as(), request)
    }

    /// Judges a path by its readings, in buffers of these sizes.
    #[inline(never)]
    fn judge_readings<B: Bounds, const BOUNDS: usize, const NAMES: usize, const STATES: usize>(
        &self,
        path: &Path<'_>,
        read: Read<'_>,
        request: &mut Request,
    ) -> Result<Judgement<'_>, TooLong> {
        let Read { view, mut reasons, may_override } = read;
        if path.starts_like_a_host() {
            reasons.add(Ambiguity::NetworkPath);
        }
        let mut choices = Choices::<B, BOUNDS>::EMPTY;
        choices.read(view, request.takes_nothing, &mut reasons);
        if may_override {
            request.may_be_any(Ambiguity::OverrideMethod);
        }
        let is_default_deny = self.default == Effect::Deny;
        let mut names = Names::<B, NAMES>::EMPTY;
        names.read(view, &choices, self.index.literals());
        if names.is_crowded && NAMES < LONG_NAMES {
            return Err(TooLong);
        }
        let readings = Readings { view, choices: &choices, names: &names };
        let mut found = Found::default();
        self.index.find_possible::<B, BOUNDS, NAMES, STATES>(
            &readings,
            request.asked,
            is_default_deny,
            &mut found,
        )?;
        // Whatever matches certainly also matches possibly, except allowing rows, which `find_possible` skips
        // if the default is to allow.
        if !choices.is_open && (found.may_deny.is_some() || self.index.has_allowing()) {
            // Every server reads the same segments, and as sent these may match a row.
            Segments::of_certain(path, |segments| self.index.find(segments, request.asked, &mut found));
            if found.deny.is_some() {
                return Ok(self.strictest(&found, request, true));
            }
        }
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

    /// The first row that allows a reading, if rows certainly allow every reading. Not inlined: see
    /// [`judge_long`](Self::judge_long).
    #[inline(never)]
    fn row_for_every<B: Bounds, const BOUNDS: usize>(
        &self,
        path: &Path<'_>,
        view: View<'_>,
        choices: &Choices<B, BOUNDS>,
        asked: Asked,
    ) -> Option<&Row> {
        let mut parted = Parted::of(path, view, choices)?;
        self.rows.get(self.index.find_every(&mut parted, asked)?)
    }

    /// Deny beats ambiguous, which beats allow. `is_certain` says that all servers read the same segments.
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
            // Under at least one method, no row allows it in any reading.
            Judgement::decided(Effect::Deny, None)
        } else {
            // An allowing row is no reason to refuse.
            Judgement::ambiguous(reason, None)
        }
    }
}

/// What a request asks of the table.
#[derive(Debug)]
struct Request {
    asked: Asked,
    /// Why there is more than one reading, as far as is known.
    reasons: Option<Ambiguity>,
    /// Under its method, a parameter may take an empty segment.
    takes_nothing: bool,
}

impl Request {
    fn of(method: MethodSet, overrides: Overrides, is_connect: bool) -> Self {
        let certain = (method | overrides.methods).with_get_for_head();
        // Extended CONNECT over HTTP/2 reaches GET handlers (RFC 8441).
        let certain = if is_connect { certain.with_get() } else { certain };
        let asked = Asked { certain, possible: MethodSet::NONE };
        let mut request = Self { asked, reasons: None, takes_nothing: is_connect };
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

#[cfg(test)]
mod tests;
