//! Compares literals with segments that contain characters with several texts, following all places in a
//! literal at once.

use super::beginnings::{Beginning, Names};
use crate::fold::several;
use crate::limits::MAX_BOUNDS;
use crate::reading::bounds::Bounds;
use crate::reading::choices::may_be_blank;
use crate::reading::view::{View, token};
use crate::target::is_literal_byte;

/// Literals of this many bytes or more are compared only up to their beginning: a set of places is a `u128`.
const MAX_COMPARED: usize = MAX_BOUNDS;

/// Finds the literals of a list that a segment with a beginning may be, and perhaps some that it cannot be.
/// `literals` start with the beginning, and ascend. What several have in common is compared once.
pub(crate) fn may_be<'t, B: Bounds, T>(
    view: View<'_>,
    beginning: &Beginning<B>,
    literals: &[T],
    text: &impl Fn(&T) -> &'t [u8],
    found: &mut dyn FnMut(&T),
) {
    let (short, long) = (|literal: &&T| text(literal).len() < MAX_COMPARED, MAX_COMPARED);
    literals.iter().filter(|literal| text(literal).len() >= long).for_each(&mut *found);
    let mut rest = literals;
    // Runs of literals that are not too long.
    while let Some(start) = rest.iter().position(|literal| short(&literal)) {
        let from_start = rest.get(start..).unwrap_or_default();
        let end = from_start.iter().position(|literal| !short(&literal)).unwrap_or(from_start.len());
        let (run, behind) = from_start.split_at(end);
        let group = Group {
            view,
            place: usize::from(beginning.from) + usize::from(beginning.length),
            end: usize::from(beginning.end),
            read: 1 << beginning.length,
        };
        group.narrow(run, text, found);
        rest = behind;
    }
}

/// How far literals have been compared that are equal up to there.
#[derive(Clone, Copy)]
struct Group<'r> {
    view: View<'r>,
    place: usize,
    /// The first bound at the place or after it.
    end: usize,
    /// Bit `n`: the first `n` bytes of each literal have been read.
    read: u128,
}

impl Group<'_> {
    fn narrow<'t, T>(mut self, literals: &[T], text: &impl Fn(&T) -> &'t [u8], found: &mut dyn FnMut(&T)) {
        let mut literals = literals;
        loop {
            let [first, .., last] = literals else { return literals.iter().for_each(found) };
            let common = text(first).iter().zip(text(last)).take_while(|(a, b)| a == b).count();
            if self.read >> common & 1 == 1 && text(first).len() == common {
                // The whole literal has been read.
                found(first);
                literals = literals.get(1..).unwrap_or_default();
                continue;
            }
            let shared = text(first).get(..common).unwrap_or_default();
            if self.read == 0 || !self.pass_bounds() {
                return;
            }
            let members = |byte| {
                let at = |literal: &T| text(literal).get(common).copied();
                let start = literals.partition_point(|literal| at(literal) < Some(byte));
                let end = literals.partition_point(|literal| at(literal) <= Some(byte));
                (start, end)
            };
            let is_next = |byte| {
                let (start, end) = members(byte);
                step(self.read, byte, shared) != 0 || self.read >> common & 1 == 1 && start < end
            };
            let passed = self.place;
            self.place = skip(self.view, self.place, self.end, self.read, is_next);
            if self.place > passed {
                continue;
            }
            let token = match self.view.token(self.place) {
                Some(token::ANYTHING) => return literals.iter().for_each(found),
                Some(token) => token,
                None => return,
            };
            // If literals differ in a byte that the token may be, they are split before it is read.
            let split = self.frontier_bytes(token, shared).map(members).find(|(start, end)| start < end);
            if let Some((start, end)) = split {
                let (before, rest) = literals.split_at(start);
                let (same, behind) = rest.split_at(end - start);
                for part in [before, same, behind].into_iter().filter(|part| !part.is_empty()) {
                    self.narrow(part, text, found);
                }
                return;
            }
            let Some(read) = step_token(self.read, token, shared) else { return };
            self.read = read;
            self.place += 1;
        }
    }

    /// The bytes that the token may be at the place where the literals differ.
    fn frontier_bytes(&self, token: u8, shared: &[u8]) -> impl Iterator<Item = u8> {
        let (read, common) = (self.read, shared.len());
        let texts = token.checked_sub(token::SEVERAL).map_or(&[][..], several);
        let one = Some(token).filter(|_| texts.is_empty() && read >> common & 1 == 1);
        let of_text = move |text: &'static str| {
            let text = if read == 1 { text.trim_start() } else { text };
            let reached = text.bytes().scan(read, move |read, byte| {
                let at = *read >> common & 1 == 1;
                *read = step(*read, byte, shared);
                Some(at.then_some(byte))
            });
            reached.flatten()
        };
        one.into_iter().chain(texts.iter().copied().flat_map(of_text))
    }

    /// False if the segment certainly ends at the place.
    fn pass_bounds(&mut self) -> bool {
        while self.end < self.view.bounds.len() && usize::from(self.view.bound(self.end).at) == self.place {
            let bound = self.view.bound(self.end);
            self.end += 1;
            if !bound.kind.joins() {
                return false;
            }
            if usize::from(bound.next) > self.place {
                break;
            }
        }
        true
    }
}

impl<B: Bounds, const NAMES: usize> Names<B, NAMES> {
    /// Where segments from one of these bounds may end if they are the literal with this number.
    pub(crate) fn ends(&self, view: View<'_>, starts: B, number: u32, literal: &[u8]) -> B {
        let named = self.place(number).map_or(B::NONE, |place| self.ends_of_name(starts, place));
        let begun = self.each_beginning(starts);
        begun.fold(named, |ends, beginning| ends | beginning.ends(view, starts, literal))
    }
}

impl<B: Bounds> Beginning<B> {
    /// Where segments from one of these bounds may end if they are the literal; nowhere if it does not start
    /// with this beginning.
    pub(crate) fn ends(&self, view: View<'_>, starts: B, literal: &[u8]) -> B {
        if !literal.starts_with(self.text(view)) {
            B::NONE
        } else if self.is_compared {
            compared(view, self, literal)
        } else {
            self.ends.since((self.starts & starts).lowest() + 1)
        }
    }
}

/// Where a segment that starts like a literal may end if it is that literal, whatever its characters with
/// several texts become. Follows all places in the literal at once.
fn compared<B: Bounds>(view: View<'_>, beginning: &Beginning<B>, literal: &[u8]) -> B {
    let (mut place, mut end) =
        (usize::from(beginning.from) + usize::from(beginning.length), usize::from(beginning.end));
    let ends_of_start = beginning.ends;
    let full = literal.len();
    if full >= MAX_COMPARED {
        return ends_of_start.since(end);
    }
    // Bit `n`: the first `n` bytes of the literal have been read.
    let mut read: u128 = 1 << beginning.length;
    let (mut found, mut is_trailing) = (B::NONE, false);
    while read != 0 || is_trailing {
        is_trailing |= read >> full & 1 == 1;
        while end < view.bounds.len() && usize::from(view.bound(end).at) == place {
            let bound = view.bound(end);
            found |= if is_trailing { B::one(end) } else { B::NONE };
            end += 1;
            if !bound.kind.joins() {
                return found;
            }
            if usize::from(bound.next) > place {
                break;
            }
        }
        let passed = place;
        place = skip(view, place, end, read, |byte| step(read, byte, literal) != 0);
        if place > passed {
            continue;
        }
        match view.token(place) {
            Some(b'.' | b';') if is_trailing => return found | ends_of_start.since(end),
            Some(token::ANYTHING) => return found | ends_of_start.since(end),
            // A leading blank is trimmed.
            Some(b' ') => read &= 1,
            Some(several_at @ token::SEVERAL..) => {
                is_trailing &= may_be_blank(several_at);
                read = step_several(read, several_at, literal);
            }
            Some(byte) if is_literal_byte(byte) => {
                is_trailing = false;
                let front = if byte == b'.' { read & 1 } else { 0 };
                read = step(read, byte, literal) | front;
            }
            Some(_) | None => return found,
        }
        place += 1;
    }
    found
}

/// What has been read after one more token; none if no literal contains the token.
fn step_token(read: u128, token: u8, literal: &[u8]) -> Option<u128> {
    match token {
        // A leading blank is trimmed.
        b' ' => Some(read & 1),
        token::SEVERAL.. => Some(step_several(read, token, literal)),
        byte if is_literal_byte(byte) => {
            let front = if byte == b'.' { read & 1 } else { 0 };
            Some(step(read, byte, literal) | front)
        }
        _ => None,
    }
}

/// Skips tokens before the next bound that do not change what has been read: leading blanks, and characters
/// that may be nothing and otherwise only text that comes next in no literal.
fn skip(view: View<'_>, place: usize, end: usize, read: u128, is_next: impl Fn(u8) -> bool) -> usize {
    let until = usize::from(view.bound(end).at);
    let tokens = view.text.get(place..until).unwrap_or_default();
    let changes = |token: &u8| match *token {
        b' ' => read & !1 != 0,
        token::SEVERAL.. => {
            let texts = token.checked_sub(token::SEVERAL).map_or(&[][..], several);
            !texts.contains(&"") || texts.iter().any(|text| text.bytes().next().is_some_and(&is_next))
        }
        _ => true,
    };
    place + tokens.iter().position(changes).unwrap_or(tokens.len())
}

fn step(read: u128, byte: u8, literal: &[u8]) -> u128 {
    let mut left = read;
    let mut next = 0;
    while left != 0 {
        let at = left.trailing_zeros();
        left &= left - 1;
        let is_next = usize::try_from(at).is_ok_and(|at| literal.get(at) == Some(&byte));
        next |= if is_next { 2 << at } else { 0 };
    }
    next
}

fn step_several(read: u128, token: u8, literal: &[u8]) -> u128 {
    let texts = token.checked_sub(token::SEVERAL).map_or(&[][..], several);
    texts.iter().fold(0, |next, text| {
        // A leading blank is trimmed; no literal contains one inside.
        let text = if read == 1 { text.trim_start() } else { text };
        next | text.bytes().fold(read, |read, byte| step(read, byte, literal))
    })
}
