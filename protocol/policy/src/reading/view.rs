//! A path as read: its text as tokens, its bounds, and the reasons to doubt it.

use crate::ambiguity::Ambiguity;

/// Size of the text buffer for short paths: clearing a large one would cost more than all the rest.
pub(crate) const SHORT_TEXT: usize = 256;
/// Room for bounds, for names, and for the states of a walk: for most short paths, for those whose set of
/// bounds is one word, and for long ones.
pub(crate) const FEW_BOUNDS: usize = 20;
pub(crate) const MORE_BOUNDS: usize = 63;
pub(crate) const SHORT_NAMES: usize = 20;
pub(crate) const SHORT_STATES: usize = 16;
pub(crate) const LONG_NAMES: usize = 64;
pub(crate) const LONG_STATES: usize = 128;

/// Room for a path of [`MAX_TARGET_BYTES`](crate::MAX_TARGET_BYTES) in which each three-byte character
/// becomes four tokens.
pub(crate) const LONG_TEXT: usize = 11_008;

/// The tokens of a reading's text that are not ASCII in lower case.
pub(crate) mod token {
    /// A character that is not ASCII in any reading.
    pub(crate) const OTHER: u8 = 0x80;
    /// Bytes that are not UTF-8: anything, or nothing.
    pub(crate) const ANYTHING: u8 = 0x81;
    /// A delimiter that is read as text.
    pub(crate) const DELIMITER: u8 = 0x82;
    /// One of several texts; the index of those texts is added to this.
    pub(crate) const SEVERAL: u8 = 0xa0;
}

/// A position where a segment may end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bound {
    /// Where the segment before it ends in the text.
    pub(crate) at: u16,
    /// Where the segment after it starts.
    pub(crate) next: u16,
    /// Its position in the path as sent, and the position after it.
    pub(crate) raw: u16,
    pub(crate) raw_next: u16,
    pub(crate) kind: Kind,
    /// Nothing at all lies between the previous bound and this one.
    pub(crate) is_after_nothing: bool,
    /// Some server drops something between the previous bound and this one.
    pub(crate) has_dropped: bool,
}

impl Bound {
    const EMPTY: Self = Self {
        at: 0,
        next: 0,
        raw: 0,
        raw_next: 0,
        kind: Kind(0),
        is_after_nothing: false,
        has_dropped: false,
    };
}

/// What a bound may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kind(u8);

impl Kind {
    /// A slash as sent.
    pub(crate) const SLASH: Self = Self(1);
    const INSIDE: Self = Self(1 << 1);
    /// The end of the path as sent.
    pub(crate) const END: Self = Self(1 << 2);
    /// A delimiter to some servers, text to others.
    pub(crate) const SPLIT: Self = Self(1 | 1 << 1);
    /// The end of the path to some servers, text to others.
    pub(crate) const CUT: Self = Self(1 << 1 | 1 << 2);
    pub(crate) const ANY: Self = Self(1 | 1 << 1 | 1 << 2);

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// A segment may start after it.
    pub(crate) const fn parts(self) -> bool {
        self.has(Self::SLASH)
    }

    /// It may be text inside a segment.
    pub(crate) const fn joins(self) -> bool {
        self.has(Self::INSIDE)
    }

    /// The path may end there.
    pub(crate) const fn ends(self) -> bool {
        self.has(Self::END)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The text and the bounds of a path.
#[derive(Debug)]
pub(crate) struct Reading<const TEXT: usize, const BOUNDS: usize> {
    pub(super) text: [u8; TEXT],
    pub(super) length: usize,
    pub(super) bounds: [Bound; BOUNDS],
    pub(super) count: usize,
    pub(super) reasons: Reasons,
    /// Where in the text a query starts for some servers.
    pub(super) query: Option<usize>,
}

/// What a path contains that servers read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reasons(u32);

impl Reasons {
    pub(crate) fn add(&mut self, reason: Ambiguity) {
        self.0 |= 1 << (reason as u32);
    }

    pub(crate) fn add_all(&mut self, reasons: Self) {
        self.0 |= reasons.0;
    }

    pub(crate) fn remove(&mut self, reason: Ambiguity) {
        self.0 &= !(1 << (reason as u32));
    }

    /// All, in the order of [`Ambiguity::ALL`].
    pub(crate) fn each(self) -> impl Iterator<Item = Ambiguity> {
        Ambiguity::ALL.into_iter().filter(move |reason| self.0 >> (*reason as u32) & 1 == 1)
    }

    /// The first, in the order of [`Ambiguity::ALL`].
    pub(crate) fn first(self) -> Option<Ambiguity> {
        self.each().next()
    }
}

/// The result of reading a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read<'r> {
    pub(crate) view: View<'r>,
    pub(crate) reasons: Reasons,
    /// A server that decodes before it splits off the query may find a method in it.
    pub(crate) may_override: bool,
}

/// The part of a reading that does not depend on the size of its buffers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'r> {
    pub(crate) text: &'r [u8],
    pub(crate) bounds: &'r [Bound],
}

impl<const TEXT: usize, const BOUNDS: usize> Reading<TEXT, BOUNDS> {
    /// Filled in place, because it is too large to move.
    pub(crate) const EMPTY: Self = Self {
        text: [0; TEXT],
        length: 0,
        bounds: [Bound::EMPTY; BOUNDS],
        count: 0,
        reasons: Reasons(0),
        query: None,
    };

    pub(crate) fn view(&self) -> View<'_> {
        View {
            text: self.text.get(..self.length).unwrap_or_default(),
            bounds: self.bounds.get(..self.count).unwrap_or_default(),
        }
    }

    pub(crate) fn read_as(&self) -> Read<'_> {
        Read { view: self.view(), reasons: self.reasons, may_override: self.may_override() }
    }

    pub(crate) fn reasons(&self) -> Reasons {
        self.reasons
    }

    /// True if a server that decodes before it splits off the query may find a method in it.
    pub(crate) fn may_override(&self) -> bool {
        const NAME: &[u8] = b"method";
        let query = self.query.and_then(|start| self.view().text.get(start..)).unwrap_or_default();
        let mut found = 0;
        query.iter().any(|token| {
            found = match NAME.get(found) {
                Some(wanted) if wanted == token => found + 1,
                _ if *token >= token::SEVERAL => found,
                _ => usize::from(*token == b'm'),
            };
            found == NAME.len() || *token == token::ANYTHING
        })
    }
}

impl View<'_> {
    pub(crate) fn bound(&self, at: usize) -> Bound {
        self.bounds.get(at).copied().unwrap_or_default()
    }

    /// The token at a place.
    pub(crate) fn token(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }
}
