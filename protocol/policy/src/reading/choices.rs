//! What may become of the segments of a reading: which end where, which vanish, which take others with them.

use super::bounds::Bounds;
use super::view::{Kind, Reasons, View, token};
use crate::ambiguity::Ambiguity;
use crate::fold::several;

/// Characters behind bytes that are no UTF-8, or behind a broken `%uHHHH`, which may belong to them.
const REST: usize = 8;

/// What may become of a segment that starts at a bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<B> {
    /// Where it may end.
    pub(crate) ends: B,
    /// Where it may end with some text in it, which a parameter asks for.
    pub(crate) filled: B,
    /// Where it may end and be dropped: empty, blank, or a dot.
    vanishes: B,
    /// Where it may end and be dropped with at least one dot in it.
    dotted: B,
    /// Where it may end and take the segment before it with it.
    climbs: B,
    /// A dot is in its front.
    has_dot: bool,
    /// Where its text starts when blanks are trimmed, and when dots are, too.
    pub(crate) text: u16,
    pub(crate) name: u16,
}

/// The choices of a whole path.
#[derive(Debug)]
pub(crate) struct Choices<B, const BOUNDS: usize> {
    starts: [Start<B>; BOUNDS],
    /// For each bound those at which the same segments may have been read.
    same: [B; BOUNDS],
    /// For each bound, bit `n` is set if the path may end `n` segments behind it. Only if no segment vanishes.
    left: [B; BOUNDS],
    count: usize,
    /// The bounds at which the segments may all be gone.
    pub(crate) root: B,
    /// The bounds behind which a segment may start, and those at which the path may end.
    pub(crate) parting: B,
    pub(crate) ending: B,
    /// False when every server reads the same segments.
    pub(crate) is_open: bool,
    /// Some server drops a segment.
    pub(crate) has_vanishing: bool,
}

impl<B: Bounds, const BOUNDS: usize> Choices<B, BOUNDS> {
    /// Filled in place: it is too large to be moved about.
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

    /// Where segments from one of these bounds may end that hold some text.
    pub(crate) fn filled(&self, starts: B) -> B {
        starts.all(|start| self.starts.get(start).map_or(B::NONE, |start| start.filled))
    }

    /// Bit `n` is set if the path may end `n` segments behind one of these bounds. `is_exact` says that no segment is
    /// taken to end where it does not.
    pub(crate) fn left(&self, bounds: B, is_exact: bool) -> B {
        if is_exact && !self.has_vanishing {
            return bounds.all(|at| self.left.get(at).copied().unwrap_or(B::NONE));
        }
        // One for each bound that is left, at most.
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
            // What is the same as one of these is the same as this one.
            all |= self.same.get(rest.lowest()).copied().unwrap_or(rest);
            rest = rest.without(all);
        }
        all
    }

    /// Fills in what is the same, from the last bound to the first: every step leads to a later one.
    fn close(&mut self, view: View<'_>) {
        let count = view.bounds.len();
        // Where all is as before a segment that was read up to this bound, once another climbed over it; and the same for all
        // bounds together at which the segment may end that is looked at.
        let (mut climbed, mut climbed_over) = (B::NONE, B::NONE);
        // For each bound where segments may end that climb over one read up to it, or to one that is the same.
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
                // Behind a first segment that vanishes a host may be meant. One that climbs vanishes, too, so the root, which
                // has no parent, is reached behind it already.
                let hosts = self.closed(start.vanishes).all(|end| self.start(end).ends);
                self.root |= self.closed(hosts);
            }
        }
    }
}

/// Looks at the front of a segment: blanks, dots, and what stands for them. `later` gives what came of bounds behind it.
fn start_at<B: Bounds>(view: View<'_>, at: usize, ends: B, later: impl Fn(usize) -> Start<B>) -> Start<B> {
    let (bound, first) = (view.bound(at), view.bound(at + 1));
    // As nearly always: text, and no bound before it.
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

/// True for a token that stands in front of the text of a segment, or ends it.
fn is_of_front(token: u8) -> bool {
    matches!(token, b' ' | b'.' | b';' | token::ANYTHING | token::SEVERAL..)
}

/// The front of a segment, as far as it has been looked at.
struct Front<B> {
    start: Start<B>,
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

impl<B: Bounds> Front<B> {
    /// True when what follows is only what is left of bytes that parted this segment from the one before it.
    fn is_rest(&self, view: View<'_>) -> bool {
        let mut behind = view.text.iter().skip(self.place + 1).take(REST);
        !behind.any(|token| matches!(*token, b'.' | token::ANYTHING))
    }

    /// Notes the bounds at the place. False when the segment ends there.
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

    /// Adds what may become of a part of the segment that starts like a segment of its own, behind this many dots.
    fn add_later(&mut self, later: &Self, dots: u32) {
        self.add_each([later.vanishes, later.dotted, later.climbs], dots);
        self.has_dot |= later.has_dot;
    }

    /// Adds where the segment may end without text, with one dot, and with two, if this many dots stand before.
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
