//! The proof that rows allow a path in every reading, for paths whose only choice is where a segment is
//! split.

use super::lookup::{Asked, Found, Index, note};
use super::tree::{End, Place, Tree};
use crate::effect::Effect;
use crate::limits::MAX_SEGMENTS;
use crate::reading::{Choices, Kind, View, token};
use crate::target::Path;

/// Maximum number of readings tried for a path: each costs as much as judging a plain path.
const MAX_READINGS: usize = 32;

/// A path as the pieces that every server splits it into, and how many segments each piece may become.
#[derive(Debug)]
pub(crate) struct Parted<'p> {
    pieces: [Piece<'p>; MAX_SEGMENTS],
    count: usize,
}

/// The text between two slashes.
#[derive(Debug, Clone, Copy)]
struct Piece<'p> {
    /// As sent.
    sent: &'p [u8],
    /// The most segments that any server makes of it.
    most: usize,
    /// The number of segments in the current reading: 1 to `most`.
    parts: usize,
}

impl<'p> Parted<'p> {
    /// None if servers differ in more than where they split segments, or if there are too many readings.
    pub(crate) fn of<B, const BOUNDS: usize>(
        path: &Path<'p>,
        view: View<'_>,
        choices: &Choices<B, BOUNDS>,
    ) -> Option<Self> {
        let (first, rest) = view.bounds.split_first()?;
        // A token with several texts, or one that may be anything, may be a different delimiter.
        let is_clear = view.text.iter().all(|token| *token < token::ANYTHING || *token == token::DELIMITER);
        if choices.has_vanishing || !is_clear || first.kind != Kind::SLASH {
            return None;
        }
        let nothing = Piece { sent: &[], most: 1, parts: 1 };
        let mut parted = Self { pieces: [nothing; MAX_SEGMENTS], count: 0 };
        let (mut start, mut most, mut readings) = (usize::from(first.raw_next), 1, 1_usize);
        for bound in rest {
            match bound.kind {
                Kind::SPLIT => most += 1,
                Kind::SLASH | Kind::END => {
                    let sent = path.text.get(start..usize::from(bound.raw))?;
                    *parted.pieces.get_mut(parted.count)? = Piece { sent, most, parts: 1 };
                    parted.count += 1;
                    readings = readings.saturating_mul(most);
                    (start, most) = (usize::from(bound.raw_next), 1);
                }
                // Some server may end the path here.
                _ => return None,
            }
        }
        (readings <= MAX_READINGS).then_some(parted)
    }

    /// Advances to the next reading. False after the last one.
    fn advance(&mut self) -> bool {
        for piece in self.pieces.iter_mut().take(self.count) {
            if piece.parts < piece.most {
                piece.parts += 1;
                return true;
            }
            piece.parts = 1;
        }
        false
    }

    fn segments(&self) -> usize {
        self.pieces.iter().take(self.count).map(|piece| piece.parts).sum()
    }
}

impl Index {
    /// The first row that allows the path in one of its readings, if rows allow every reading for every
    /// method.
    pub(crate) fn find_every(&self, parted: &mut Parted<'_>, asked: Asked) -> Option<usize> {
        let mut row = None;
        loop {
            let mut found = Found::default();
            let (left, pieces) = (parted.segments(), parted.pieces.get(..parted.count)?);
            let root = Place::at(self.tree.root()?);
            Walk { tree: &self.tree, asked, found: &mut found }.visit(root, pieces, left);
            if !((asked.certain | asked.possible) & !found.allowed).is_empty() {
                return None;
            }
            note(&mut row, found.allow?);
            if !parted.advance() {
                return row;
            }
        }
    }
}

struct Walk<'w> {
    tree: &'w Tree,
    asked: Asked,
    found: &'w mut Found,
}

impl Walk<'_> {
    /// Visits a place before these pieces, which make `left` segments in this reading.
    fn visit(&mut self, place: Place<'_>, pieces: &[Piece<'_>], left: usize) {
        if !place.node.may_match(place.passed + left, self.asked.certain) {
            return;
        }
        let tree = self.tree;
        let Some((piece, rest)) = pieces.split_first() else {
            return tree.ends(place.node).iter().for_each(|end| self.note(end));
        };
        // A piece that may be split elsewhere may have any text in each part, so only a parameter matches a
        // part.
        let below = (0..piece.parts).try_fold(place, |place, _| tree.behind_parameter(place));
        let left = left.saturating_sub(piece.parts);
        if let Some(below) = below {
            self.visit(below, rest, left);
        }
        if piece.most == 1 && !piece.sent.contains(&b'%') {
            for below in tree.behind_literals(place, piece.sent) {
                self.visit(below, rest, left);
            }
        }
    }

    fn note(&mut self, end: &End) {
        let certain = end.methods & self.asked.certain;
        if end.effect == Effect::Allow && !certain.is_empty() {
            self.found.allowed = self.found.allowed | certain;
            note(&mut self.found.allow, end.row);
        }
    }
}
