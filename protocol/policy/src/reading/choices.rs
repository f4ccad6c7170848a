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
    /// Where it may end and be dropped with at least one dot in it.
    dotted: Bounds,
    /// Where it may end and take the segment before it with it.
    climbs: Bounds,
    /// A dot is in its front.
    has_dot: bool,
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
    /// For each bound, bit `n` is set if the path may end `n` segments behind it. Only if no segment vanishes.
    left: [u128; BOUNDS],
    count: usize,
    /// The bounds at which the segments may all be gone.
    pub(crate) root: Bounds,
    /// The bounds behind which a segment may start, and those at which the path may end.
    pub(crate) parting: Bounds,
    pub(crate) ending: Bounds,
    /// False when every server reads the same segments.
    pub(crate) is_open: bool,
    /// Some server drops a segment.
    pub(crate) has_vanishing: bool,
}

impl<const BOUNDS: usize> Choices<BOUNDS> {
    /// Filled in place: it is too large to be moved about.
    pub(crate) const EMPTY: Self = Self {
        starts: [Start::EMPTY; BOUNDS],
        same: [0; BOUNDS],
        left: [0; BOUNDS],
        count: 0,
        root: 0,
        parting: 0,
        ending: 0,
        is_open: false,
        has_vanishing: false,
    };

    pub(crate) fn read(&mut self, view: View<'_>, reasons: &mut Reasons) {
        let (mut ends, mut left) = (0, 0);
        self.count = view.bounds.len();
        for (at, bound) in view.bounds.iter().enumerate().rev() {
            let kind = bound.kind;
            self.parting |= if kind.parts() { bit(at) } else { 0 };
            self.ending |= if kind.ends() { bit(at) } else { 0 };
            self.is_open |= kind.joins();
            if kind.parts() {
                let start = start_at(view, at, ends, |later| self.start(later));
                if start.has_dot && start.vanishes != 0 {
                    reasons.add(Ambiguity::DotSegment);
                }
                self.has_vanishing |= start.vanishes != 0;
                if let Some(place) = self.starts.get_mut(at) {
                    *place = start;
                }
            }
            let here = u128::from(kind.ends()) | if kind.parts() { left << 1 } else { 0 };
            if let Some(place) = self.left.get_mut(at) {
                *place = here;
            }
            (ends, left) = if kind.joins() { (bit(at) | ends, here | left) } else { (bit(at), here) };
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

    /// Where segments from one of these bounds may end that hold some text.
    pub(crate) fn filled(&self, starts: Bounds) -> Bounds {
        each(starts).fold(0, |ends, start| ends | self.starts.get(start).map_or(0, |start| start.filled))
    }

    /// Bit `n` is set if the path may end `n` segments behind one of these bounds. `is_exact` says that no segment is
    /// taken to end where it does not.
    pub(crate) fn left(&self, bounds: Bounds, is_exact: bool) -> u128 {
        if is_exact && !self.has_vanishing {
            return each(bounds).fold(0, |left, at| left | self.left.get(at).copied().unwrap_or_default());
        }
        // One for each bound that is left, at most.
        let first = usize::try_from(bounds.trailing_zeros()).unwrap_or_default();
        let most = self.count.saturating_sub(first + 1).min(127);
        if bounds == 0 { 0 } else { u128::MAX >> (127 - most) }
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
                // Behind a first segment that vanishes a host may be meant. One that climbs vanishes, too, so the root, which
                // has no parent, is reached behind it already.
                let hosts = each(self.closed(start.vanishes)).fold(0, |all, end| all | self.start(end).ends);
                self.root |= self.closed(hosts);
            }
        }
    }
}

/// Looks at the front of a segment: blanks, dots, and what stands for them. `later` gives what came of bounds behind it.
fn start_at(view: View<'_>, at: usize, ends: Bounds, later: impl Fn(usize) -> Start) -> Start {
    let first = view.bound(at + 1);
    let filled = if first.is_after_nothing { ends & !bit(at + 1) } else { ends };
    let next = usize::from(view.bound(at).next);
    let mut front = Front {
        start: Start { ends, filled, ..Start::default() },
        place: next,
        end: at + 1,
        dots: 0,
        text: None,
        name: None,
        has_stem: first.has_dropped || view.bound(at).kind.joins(),
    };
    let is_rest = view.bound(at).kind == Kind::ANY && front.is_rest(view);
    while front.pass_bounds(view) && front.pass_token(view, is_rest && front.place == next) {
        front.place += 1;
        // A segment that starts here was looked at already. All that this one may be goes on as that.
        if let Some(passed) = front.parts_before(view) {
            front.start.add_later(&later(passed), front.dots);
            break;
        }
    }
    let Front { mut start, place, dots, text, name, .. } = front;
    start.has_dot |= dots > 0;
    let narrow = |place: Option<usize>| u16::try_from(place.unwrap_or_default()).unwrap_or(u16::MAX);
    (start.text, start.name) = (narrow(text.or(Some(place))), narrow(name.or(Some(place))));
    start
}

/// The front of a segment, as far as it has been looked at.
struct Front {
    start: Start,
    place: usize,
    /// The first bound at the place or behind it.
    end: usize,
    dots: u32,
    /// Where text starts that is no blank, and that is no dot.
    text: Option<usize>,
    name: Option<usize>,
    /// A suffix leaves nothing of the segment: blanks are before it, or what some server drops.
    has_stem: bool,
}

impl Front {
    /// True when what follows is only what is left of bytes that parted this segment from the one before it.
    fn is_rest(&self, view: View<'_>) -> bool {
        let mut behind = view.text.iter().skip(self.place + 1).take(REST);
        !behind.any(|token| matches!(*token, b'.' | token::ANYTHING))
    }

    /// Notes the bounds at the place. False when the segment ends there.
    fn pass_bounds(&mut self, view: View<'_>) -> bool {
        while self.end < view.bounds.len() && usize::from(view.bound(self.end).at) == self.place {
            let bound = view.bound(self.end);
            self.start.add(bit(self.end), self.dots);
            self.end += 1;
            if !bound.kind.joins() {
                return false;
            }
            if usize::from(bound.next) > self.place {
                break;
            }
            self.has_stem = true;
        }
        self.has_stem |= view.bound(self.end).has_dropped;
        true
    }

    /// The bound whose token was passed last, if a segment starts behind it.
    fn parts_before(&self, view: View<'_>) -> Option<usize> {
        let passed = self.end.checked_sub(1)?;
        let bound = view.bound(passed);
        let token = self.place.checked_sub(1).and_then(|at| view.token(at));
        let is_before = usize::from(bound.next) == self.place && bound.next > bound.at;
        // What is left of bytes that are no UTF-8 counts for no segment but its own.
        (is_before && bound.kind.parts() && token != Some(token::ANYTHING)).then_some(passed)
    }

    /// Looks at the token at the place. False when the front ends there.
    fn pass_token(&mut self, view: View<'_>, is_rest: bool) -> bool {
        let rest = from(self.start.ends, self.end);
        let here = Some(self.place);
        match view.token(self.place) {
            Some(b' ') => self.has_stem = true,
            Some(b'.') => {
                if self.has_stem {
                    self.start.add(rest, self.dots);
                }
                self.dots += 1;
                self.text = self.text.or(here);
            }
            Some(token::ANYTHING) => {
                (self.text, self.name) = (self.text.or(here), self.name.or(here));
                if !is_rest {
                    // Two dots, or what the rest is a parameter of. Nothing that follows adds to that.
                    self.dots += 2;
                    self.start.add(rest, self.dots);
                    return false;
                }
            }
            Some(token @ token::SEVERAL..) if may_be_blank(token) => {
                self.has_stem = true;
                (self.text, self.name) = (self.text.or(here), self.name.or(here));
            }
            Some(b';') => {
                self.start.add(rest, self.dots);
                return false;
            }
            _ => return false,
        }
        true
    }
}

impl Start {
    const EMPTY: Self =
        Self { ends: 0, filled: 0, vanishes: 0, dotted: 0, climbs: 0, has_dot: false, text: 0, name: 0 };

    fn add(&mut self, ends: Bounds, dots: u32) {
        self.add_each([ends, 0, 0], dots);
    }

    /// Adds what may become of a part of the segment that starts like a segment of its own, behind this many dots.
    fn add_later(&mut self, later: &Self, dots: u32) {
        self.add_each([later.vanishes, later.dotted, later.climbs], dots);
        self.has_dot |= later.has_dot;
    }

    /// Adds where the segment may end without text, with one dot, and with two, if this many dots stand before.
    fn add_each(&mut self, [none, one, two]: [Bounds; 3], dots: u32) {
        let [dotted, climbs] = match dots {
            0 => [one, two],
            1 => [none, one],
            _ => [none, none],
        };
        (self.vanishes, self.dotted, self.climbs) =
            (self.vanishes | none, self.dotted | dotted, self.climbs | climbs);
    }
}

/// True for a token that may be a blank or nothing.
pub(super) fn may_be_blank(token: u8) -> bool {
    let texts = token.checked_sub(token::SEVERAL).map_or(&[][..], several);
    texts.iter().any(|text| text.trim().is_empty())
}
