//! The choices for the segments of a reading: where each may end, and which may vanish or climb.

use super::bounds::Bounds;
use super::view::{Kind, Reasons, View, token};
use crate::ambiguity::Ambiguity;
use crate::fold::several;

/// Number of characters after bytes that are not UTF-8, or after a broken `%uHHHH`, that may belong to them.
const REST: usize = 8;

/// What a segment that starts at a bound may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<B> {
    /// Where it may end.
    pub(crate) ends: B,
    /// Where it may end with some text in it, as a parameter requires.
    pub(crate) filled: B,
    /// Where it may end and vanish, because it has nothing but blanks and dots.
    vanishes: B,
    /// Where it may end and vanish with at least one dot in it.
    dotted: B,
    /// Where it may end and climb: vanish together with the preceding segment.
    climbs: B,
    /// Its front contains a dot.
    has_dot: bool,
    /// Where its text starts once blanks are trimmed (`text`), and once dots are trimmed, too (`name`).
    pub(crate) text: u16,
    pub(crate) name: u16,
}

/// The choices of a whole path.
#[derive(Debug)]
pub(crate) struct Choices<B, const BOUNDS: usize> {
    starts: [Start<B>; BOUNDS],
    /// For each bound, the bounds at which the same segments may have been read.
    same: [B; BOUNDS],
    /// For each bound, bit `n` is set if the path may end `n` segments later. Valid only if no segment
    /// vanishes.
    left: [B; BOUNDS],
    count: usize,
    /// The bounds at which all segments before may have vanished.
    pub(crate) root: B,
    /// The bounds after which a segment may start, and those at which the path may end.
    pub(crate) parting: B,
    pub(crate) ending: B,
    /// False if every server reads the same segments.
    pub(crate) is_open: bool,
    /// Some server drops a segment.
    pub(crate) has_vanishing: bool,
}

impl<B: Bounds, const BOUNDS: usize> Choices<B, BOUNDS> {
    /// Filled in place, because it is too large to move.
    pub(crate) const EMPTY: Self = Self {
        starts: [Start::EMPTY; BOUNDS],
        same: [B::NONE; BOUNDS],
        left: [B::NONE; BOUNDS],
        count: 0,
        root: B::NONE,
        parting: B::NONE,
        ending: B::NONE,
        is_open: false,
        has_vanishing: false,
    };

    /// `takes_nothing` says that a parameter may take an empty segment.
    pub(crate) fn read(&mut self, view: View<'_>, takes_nothing: bool, reasons: &mut Reasons) {
        let (mut ends, mut left) = (B::NONE, B::NONE);
        self.count = view.bounds.len();
        for (at, bound) in view.bounds.iter().enumerate().rev() {
            let (kind, one) = (bound.kind, B::one(at));
            let mut here = B::NONE;
            if kind.ends() {
                self.ending |= one;
                here = B::one(0);
            }
            self.is_open |= kind.joins();
            if kind.parts() {
                self.parting |= one;
                here |= left.next();
                let mut start = start_at(view, at, ends, |later| self.start(later));
                if takes_nothing {
                    start.filled = ends;
                }
                if !start.vanishes.is_empty() {
                    self.has_vanishing = true;
                    if start.has_dot {
                        reasons.add(Ambiguity::DotSegment);
                    }
                }
                if let Some(place) = self.starts.get_mut(at) {
                    *place = start;
                }
            }
            if let Some(place) = self.left.get_mut(at) {
                *place = here;
            }
            (ends, left) = if kind.joins() { (one | ends, here | left) } else { (one, here) };
        }
        self.is_open |= self.has_vanishing;
        if self.has_vanishing {
            self.close(view);
        } else {
            self.root = B::one(0);
        }
    }

    pub(crate) fn start(&self, at: usize) -> Start<B> {
        self.starts.get(at).copied().unwrap_or(Start::EMPTY)
    }

    /// Where segments that start at one of these bounds may end if a parameter takes them.
    pub(crate) fn filled(&self, starts: B) -> B {
        starts.all(|start| self.starts.get(start).map_or(B::NONE, |start| start.filled))
    }

    /// Bit `n` is set if the path may end `n` segments after one of these bounds. `is_exact` says that no
    /// segment is assumed to end where it cannot.
    pub(crate) fn left(&self, bounds: B, is_exact: bool) -> B {
        if is_exact && !self.has_vanishing {
            return bounds.all(|at| self.left.get(at).copied().unwrap_or(B::NONE));
        }
        // At most one segment for each remaining bound.
        let most = self.count.saturating_sub(bounds.lowest() + 1);
        if bounds.is_empty() { B::NONE } else { B::up_to(most) }
    }

    /// All bounds at which the same segments may have been read as at one of these.
    pub(crate) fn closed(&self, bounds: B) -> B {
        if !self.has_vanishing {
            return bounds;
        }
        let (mut all, mut rest) = (B::NONE, bounds);
        while !rest.is_empty() {
            // `same` is transitive: the bounds just added lead to no others.
            all |= self.same.get(rest.lowest()).copied().unwrap_or(rest);
            rest = rest.without(all);
        }
        all
    }

    /// Fills in `same` from the last bound to the first, because every step leads to a later one.
    fn close(&mut self, view: View<'_>) {
        let count = view.bounds.len();
        // `climbed`: where the reading is as it was before a segment that ended at this bound, because a
        // later segment climbed over it. `climbed_over`: the union of this for all bounds at which the
        // current segment may end.
        let (mut climbed, mut climbed_over) = (B::NONE, B::NONE);
        // For each bound, where segments may end that climb over one read up to it, or up to one that is the
        // same.
        let mut climbs = [B::NONE; BOUNDS];
        let climbing = self.starts.iter().take(count).any(|start| !start.climbs.is_empty());
        for at in (0..count).rev() {
            let start = self.start(at);
            let joins = view.bound(at + 1).kind.joins();
            climbed_over = if joins { climbed | climbed_over } else { climbed };
            let over = if start.ends.is_empty() { B::NONE } else { climbed_over };
            let same = B::one(at) | self.closed(start.vanishes) | over;
            if let Some(place) = self.same.get_mut(at) {
                *place = same;
            }
            if climbing {
                let of = |at: usize| climbs.get(at).copied().unwrap_or(B::NONE);
                let (mut here, mut rest) = (start.climbs, same.without(B::one(at)));
                while !rest.is_empty() {
                    here |= of(rest.lowest());
                    rest = rest.without(self.same.get(rest.lowest()).copied().unwrap_or(rest));
                }
                climbed = self.closed(here);
                if let Some(place) = climbs.get_mut(at) {
                    *place = here;
                }
            }
        }
        self.root = self.closed(B::one(0));
        for at in 0..count {
            if self.root.has(at) {
                let start = self.start(at);
                // After a first segment that vanishes, a host may follow. A segment that climbs vanishes,
                // too, so the root, which has no parent, already includes the bound after it.
                let hosts = self.closed(start.vanishes).all(|end| self.start(end).ends);
                self.root |= self.closed(hosts);
            }
        }
    }
}

/// Examines the front of a segment: blanks, dots, and what may stand for them. `later` returns the result for
/// a later bound.
fn start_at<B: Bounds>(view: View<'_>, at: usize, ends: B, later: impl Fn(usize) -> Start<B>) -> Start<B> {
    let (bound, first) = (view.bound(at), view.bound(at + 1));
    // The common case: the segment starts with text, and no bound comes before that.
    let is_text = first.at > bound.next && !first.is_after_nothing;
    if is_text && view.token(usize::from(bound.next)).is_some_and(|token| !is_of_front(token)) {
        return Start { ends, filled: ends, text: bound.next, name: bound.next, ..Start::EMPTY };
    }
    let filled = if first.is_after_nothing { ends.without(B::one(at + 1)) } else { ends };
    let next = usize::from(bound.next);
    let mut front = Front {
        start: Start { ends, filled, ..Start::EMPTY },
        place: next,
        end: at + 1,
        dots: 0,
        text: None,
        name: None,
        has_stem: first.has_dropped || bound.kind.joins(),
    };
    let is_rest = bound.kind == Kind::ANY && front.is_rest(view);
    while front.pass_bounds(view) && front.pass_token(view, is_rest && front.place == next) {
        front.place += 1;
        // A segment that starts here has been examined already, and this one may continue as that one does.
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

/// True for a token that may precede the text of a segment, or that ends it.
fn is_of_front(token: u8) -> bool {
    matches!(token, b' ' | b'.' | b';' | token::ANYTHING | token::SEVERAL..)
}

/// The front of a segment, as far as it has been examined.
struct Front<B> {
    start: Start<B>,
    place: usize,
    /// The first bound at the place or after it.
    end: usize,
    dots: u32,
    /// Where text starts that is not a blank (`text`), and that is not a dot either (`name`).
    text: Option<usize>,
    name: Option<usize>,
    /// Cutting a suffix here leaves nothing, because blanks precede it, or something that some server drops.
    has_stem: bool,
}

impl<B: Bounds> Front<B> {
    /// True if what follows is only the rest of the bytes that split this segment from the one before it.
    fn is_rest(&self, view: View<'_>) -> bool {
        let mut behind = view.text.iter().skip(self.place + 1).take(REST);
        !behind.any(|token| matches!(*token, b'.' | token::ANYTHING))
    }

    /// Notes the bounds at the place. False if the segment ends there.
    fn pass_bounds(&mut self, view: View<'_>) -> bool {
        while self.end < view.bounds.len() && usize::from(view.bound(self.end).at) == self.place {
            let bound = view.bound(self.end);
            self.start.add(B::one(self.end), self.dots);
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

    /// The bound whose token was passed last, if a segment may start after it.
    fn parts_before(&self, view: View<'_>) -> Option<usize> {
        let passed = self.end.checked_sub(1)?;
        let bound = view.bound(passed);
        let token = self.place.checked_sub(1).and_then(|at| view.token(at));
        let is_before = usize::from(bound.next) == self.place && bound.next > bound.at;
        // The rest of bytes that are not UTF-8 counts only for its own segment.
        (is_before && bound.kind.parts() && token != Some(token::ANYTHING)).then_some(passed)
    }

    /// Examines the token at the place. False if the front ends there.
    fn pass_token(&mut self, view: View<'_>, is_rest: bool) -> bool {
        let rest = self.start.ends.since(self.end);
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
                    // It may be two dots, or start parameters that cover the rest. Nothing that follows adds
                    // to that.
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

impl<B: Bounds> Start<B> {
    const EMPTY: Self = Self {
        ends: B::NONE,
        filled: B::NONE,
        vanishes: B::NONE,
        dotted: B::NONE,
        climbs: B::NONE,
        has_dot: false,
        text: 0,
        name: 0,
    };

    fn add(&mut self, ends: B, dots: u32) {
        self.add_each([ends, B::NONE, B::NONE], dots);
    }

    /// Adds what the rest of the segment may be, which starts like a segment of its own after this many dots.
    fn add_later(&mut self, later: &Self, dots: u32) {
        self.add_each([later.vanishes, later.dotted, later.climbs], dots);
        self.has_dot |= later.has_dot;
    }

    /// Adds where the segment may end without text, with one dot, and with two, given this many dots before
    /// it.
    fn add_each(&mut self, [none, one, two]: [B; 3], dots: u32) {
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
