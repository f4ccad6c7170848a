//! The texts for which a lenient router may take a segment.

/// Makes the near forms of segments, as far as the literals of one table need them.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// Most dots inside a literal: only so many cuts of a segment can equal one.
    dots: usize,
    /// True when some literal starts with a dot.
    has_leading_dot: bool,
}

impl Forms {
    pub(super) fn of<'a>(literals: impl Iterator<Item = &'a str>) -> Self {
        literals.fold(Self::default(), |forms, literal| Self {
            dots: forms.dots.max(literal.matches('.').count()),
            has_leading_dot: forms.has_leading_dot || literal.starts_with('.'),
        })
    }

    /// Hands over each text, other than the segment itself, for which some router takes it. Each once.
    ///
    /// * Without blanks and dots at the ends: Spring's matcher trims tokens, Windows drops trailing ones.
    /// * Up to a dot: Rails takes what follows for a format, Spring for a suffix. Which dot is the router's
    ///   choice, and a literal may hold dots itself, so every cut that could give a literal counts.
    /// * The same with leading dots kept, for literals such as `.well-known`.
    pub(super) fn each<'a>(&self, segment: &'a [u8], mut found: impl FnMut(&'a [u8])) {
        let blanks_off = trim_start(trim_end(segment), b" ");
        let all_off = trim_start(blanks_off, b" .");
        self.cuts(segment, all_off, &mut found);
        if self.has_leading_dot && all_off.len() != blanks_off.len() {
            self.cuts(segment, blanks_off, &mut found);
        }
    }

    fn cuts<'a>(&self, segment: &[u8], core: &'a [u8], found: &mut impl FnMut(&'a [u8])) {
        if core.len() != segment.len() {
            found(core);
        }
        let dots = core.iter().enumerate().filter(|&(_, &byte)| byte == b'.').map(|(at, _)| at);
        let mut last = 0;
        for dot in dots.take(self.dots + 1) {
            let cut = trim_end(core.get(..dot).unwrap_or_default());
            // Two dots side by side give the same cut twice; visiting it twice would square with each segment.
            if cut.len() > last {
                found(cut);
                last = cut.len();
            }
        }
    }
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !matches!(byte, b' ' | b'.')).map_or(0, |at| at + 1);
    text.get(..end).unwrap_or_default()
}

fn trim_start<'a>(text: &'a [u8], what: &[u8]) -> &'a [u8] {
    let start = text.iter().position(|byte| !what.contains(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Forms;

    fn forms(literals: &[&str], segment: &str) -> Vec<String> {
        let mut all = Vec::new();
        Forms::of(literals.iter().copied())
            .each(segment.as_bytes(), |form| all.push(String::from_utf8(form.to_vec()).unwrap()));
        all
    }

    #[test]
    fn ends_are_trimmed_and_the_first_dot_cuts() {
        assert_eq!(forms(&["a"], "a"), [""; 0]);
        assert_eq!(forms(&["a"], " a."), ["a"]);
        assert_eq!(forms(&["a"], "a.json"), ["a"]);
        assert_eq!(forms(&["a"], " .a .b.c. "), ["a .b.c", "a"]);
    }

    #[test]
    fn literals_with_dots_need_further_cuts() {
        assert_eq!(forms(&["a.b"], "a.b.json.x"), ["a", "a.b"]);
        assert_eq!(forms(&["a.b", "a.b.c"], "a. .b.c.d.e"), ["a", "a. .b"]);
    }

    #[test]
    fn leading_dots_are_kept_where_a_literal_has_one() {
        assert_eq!(forms(&["a"], ".a."), ["a"]);
        assert_eq!(forms(&[".a"], ".a."), ["a", ".a"]);
        assert_eq!(forms(&[".a"], ".a"), ["a"]);
        assert_eq!(forms(&[".a"], " .a.b"), ["a.b", "a", ".a.b", ".a"]);
    }
}
