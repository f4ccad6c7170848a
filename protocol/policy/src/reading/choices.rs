//! What may become of the segments of a reading: which end where, which vanish, which take others with them.

use super::{Bounds, Kind, View, bit, each, from, token};
use crate::Ambiguity;
use crate::fold::several;
use crate::reading::Reasons;

/// Characters behind bytes that are no UTF-8, or behind a broken `%uHHHH`, which may belong to them.
const REST: usize = 8;

/// What may become of a segment that starts at a bound.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Start {
    /// Where it may end.
    pub(crate) ends: Bounds,
    /// Where it may end with some text in it, which a parameter asks for.
    pub(crate) filled: Bounds,
    /// Where it may end and be dropped: empty, blank, or a dot.
    vanishes: Bounds,
    /// Where it may end and take the segment before it with it.
    climbs: Bounds,
    /// Where its text starts when blanks are trimmed, and when dots are, too.
    pub(crate) text: u16,
    pub(crate) name: u16,
}

/// The choices of a whole path.
#[derive(Debug)]
pub(crate) struct Choices<const BOUNDS: usize> {
    starts: [Start; BOUNDS],
    /// For each bound those at which the same segments may have been read.
    same: [Bounds; BOUNDS],
    /// The bounds at which the segments may all be gone.
    pub(crate) root: Bounds,
    /// The bounds behind which a segment may start, and those at which the path may end.
    pub(crate) parting: Bounds,
    pub(crate) ending: Bounds,
    /// False when every server reads the same segments.
    pub(crate) is_open: bool,
    has_vanishing: bool,
}

impl<const BOUNDS: usize> Choices<BOUNDS> {
    /// Filled in place: it is too large to be moved about.
    pub(crate) const EMPTY: Self = Self {
        starts: [Start { ends: 0, filled: 0, vanishes: 0, climbs: 0, text: 0, name: 0 }; BOUNDS],
        same: [0; BOUNDS],
        root: 0,
        parting: 0,
        ending: 0,
        is_open: false,
        has_vanishing: false,
    };

    pub(crate) fn read(&mut self, view: View<'_>, reasons: &mut Reasons) {
        let mut ends = 0;
        for (at, bound) in view.bounds.iter().enumerate().rev() {
            let kind = bound.kind;
            self.parting |= if kind.parts() { bit(at) } else { 0 };
            self.ending |= if kind.ends() { bit(at) } else { 0 };
            self.is_open |= kind.joins();
            if let Some(start) = self.starts.get_mut(at).filter(|_| kind.parts()) {
                *start = start_at(view, at, ends, reasons);
                self.has_vanishing |= start.vanishes != 0;
            }
            ends = bit(at) | if kind.joins() { ends } else { 0 };
        }
        self.is_open |= self.has_vanishing;
        if self.has_vanishing {
            self.close(view.bounds.len());
        } else {
            self.root = bit(0);
        }
    }

    pub(crate) fn start(&self, at: usize) -> Start {
        self.starts.get(at).copied().unwrap_or_default()
    }

    /// All bounds at which the same segments may have been read as at one of these.
    pub(crate) fn closed(&self, bounds: Bounds) -> Bounds {
        if self.has_vanishing {
            each(bounds).fold(0, |all, at| all | self.same.get(at).copied().unwrap_or_default())
        } else {
            bounds
        }
    }

    /// Fills in what is the same, from the last bound to the first: every step leads to a later one.
    fn close(&mut self, count: usize) {
        // Where all is as before a segment that was read up to this bound, once another climbed over it.
        let mut climbed = [0; BOUNDS];
        let climbing = self.starts.iter().any(|start| start.climbs != 0);
        for at in (0..count).rev() {
            let start = self.start(at);
            let mut same = bit(at) | self.closed(start.vanishes);
            if climbing {
                same |=
                    each(start.ends).fold(0, |all, end| all | climbed.get(end).copied().unwrap_or_default());
            }
            if let Some(place) = self.same.get_mut(at) {
                *place = same;
            }
            if climbing {
                let over = each(same).fold(0, |all, at| all | self.start(at).climbs);
                let over = self.closed(over);
                if let Some(place) = climbed.get_mut(at) {
                    *place = over;
                }
            }
        }
        self.root = self.closed(bit(0));
        for at in 0..count {
            if self.root >> at & 1 == 1 {
                let start = self.start(at);
                // The root has no parent; and behind a first segment that vanishes a host may be meant.
                let hosts = each(self.closed(start.vanishes)).fold(0, |all, end| all | self.start(end).ends);
                self.root |= self.closed(start.climbs | hosts);
            }
        }
    }
}

/// Looks at the front of a segment: blanks, dots, and what stands for them.
fn start_at(view: View<'_>, at: usize, ends: Bounds, reasons: &mut Reasons) -> Start {
    let first = view.bound(at + 1);
    let filled = if first.is_after_nothing { ends & !bit(at + 1) } else { ends };
    let mut start = Start { ends, filled, ..Start::default() };
    let mut place = usize::from(view.bound(at).next);
    let (mut text, mut name) = (None, None);
    let (mut dots, mut end) = (0_u32, at + 1);
    let is_rest = view.bound(at).kind == Kind::ANY;
    // A suffix behind blanks, or behind what is dropped, leaves nothing of the segment.
    let mut has_stem = first.has_dropped || view.bound(at).kind.joins();
    loop {
        let mut is_text = false;
        while usize::from(view.bound(end).at) == place && end < view.bounds.len() {
            start.add(bit(end), dots);
            let bound = view.bound(end);
            end += 1;
            if !bound.kind.joins() {
                is_text = true;
                break;
            }
            if usize::from(bound.next) > place {
                break;
            }
            has_stem = true;
        }
        has_stem |= view.bound(end).has_dropped;
        if is_text {
            break;
        }
        let Some(token) = view.token(place) else { break };
        match token {
            b' ' => has_stem = true,
            b'.' => {
                if has_stem {
                    start.add(from(ends, end), dots);
                }
                dots += 1;
                text = text.or(Some(place));
            }
            // What is left of the byte that parted the segment from the one before it, and of what it swallowed.
            token::ANYTHING
                if is_rest
                    && place == usize::from(view.bound(at).next)
                    && !view
                        .text
                        .iter()
                        .skip(place + 1)
                        .take(REST)
                        .any(|token| matches!(*token, b'.' | token::ANYTHING)) =>
            {
                (text, name) = (Some(place), Some(place));
            }
            token::ANYTHING => {
                // A dot, a blank, or what the rest is a parameter of.
                dots += 2;
                (text, name) = (text.or(Some(place)), name.or(Some(place)));
                start.add(from(ends, end), dots);
            }
            b';' => {
                start.add(from(ends, end), dots);
                break;
            }
            token::SEVERAL.. if may_be_blank(token) => {
                has_stem = true;
                (text, name) = (text.or(Some(place)), name.or(Some(place)));
            }
            _ => break,
        }
        place += 1;
    }
    if dots > 0 && start.vanishes != 0 {
        reasons.add(Ambiguity::DotSegment);
    }
    let narrow =
        |place: Option<usize>| u16::try_from(place.unwrap_or(usize::from(u16::MAX))).unwrap_or(u16::MAX);
    (start.text, start.name) = (narrow(text.or(Some(place))), narrow(name.or(Some(place))));
    start
}

impl Start {
    fn add(&mut self, ends: Bounds, dots: u32) {
        self.vanishes |= ends;
        if dots > 1 {
            self.climbs |= ends;
        }
    }
}

/// True for a token that may be a blank or nothing.
pub(super) fn may_be_blank(token: u8) -> bool {
    let texts = token.checked_sub(token::SEVERAL).map_or(&[][..], several);
    texts.iter().any(|text| text.trim().is_empty())
}
