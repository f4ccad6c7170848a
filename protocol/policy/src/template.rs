//! Path templates: literal segments and `{parameters}`.

use crate::limits::MAX_SEGMENTS;
use crate::quoted::quoted;
use crate::segments::is_cookieless_session;
use crate::target::is_literal_byte;

/// Maximum length of a path template, in bytes: room for 64 segments of 31 characters.
pub const MAX_TEMPLATE_BYTES: usize = 2_048;

/// A path template without faults. `/` is the root; there is no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Template(Box<str>);

/// One segment of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Text that a segment of the path must equal.
    Literal(&'a str),
    /// Matches any one segment.
    Parameter,
}

impl<'a> Part<'a> {
    pub(crate) fn literal(self) -> Option<&'a str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Parameter => None,
        }
    }
}

/// What is wrong with a template, and where in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateFault {
    /// Byte offset in the template.
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl Template {
    /// The template, or all faults of the text, at most one per segment.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<TemplateFault>> {
        let whole = |message: String| Err(vec![TemplateFault { at: 0, message }]);
        if text.is_empty() {
            return whole("the path is empty; write one such as \"/api/apikey/{id}\"".into());
        }
        if text.len() > MAX_TEMPLATE_BYTES {
            return whole(format!("the path is longer than {MAX_TEMPLATE_BYTES} bytes; shorten it"));
        }
        let mut faults = Vec::new();
        let inner = text.strip_prefix('/').unwrap_or_else(|| {
            let message = format!("the path must start with a slash; write {}", quoted(&format!("/{text}")));
            faults.push(TemplateFault { at: 0, message });
            text
        });
        if inner.split('/').count() > MAX_SEGMENTS {
            return whole(format!(
                "the path has more than {MAX_SEGMENTS} segments; no request with that many is ever matched"
            ));
        }
        add_faults_of_segments(inner, text.len() - inner.len(), &mut faults);
        if faults.is_empty() { Ok(Self(text.into())) } else { Err(faults) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let inner = self.0.strip_prefix('/').unwrap_or_default();
        inner
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| if segment.starts_with('{') { Part::Parameter } else { Part::Literal(segment) })
    }
}

/// `start` is where `inner` starts in the template.
fn add_faults_of_segments(inner: &str, start: usize, faults: &mut Vec<TemplateFault>) {
    let mut names = Vec::new();
    let mut at = start;
    let last = inner.split('/').count() - 1;
    for (place, segment) in inner.split('/').enumerate() {
        if !segment.is_empty() {
            let fault = fault_of_segment(segment, &mut names);
            faults.extend(fault.map(|(offset, message)| TemplateFault { at: at + offset, message }));
        } else if !inner.is_empty() {
            let message = if place == last {
                "remove the trailing slash; one in a request is ignored anyway"
            } else {
                "remove the doubled slash; a row names its segments without empty ones"
            };
            // At the slash before the segment.
            faults.push(TemplateFault { at: at.saturating_sub(1), message: message.into() });
        }
        at += segment.len() + 1;
    }
}

/// The fault of one segment, with its offset. `names` collects the parameters of the template.
fn fault_of_segment<'t>(segment: &'t str, names: &mut Vec<&'t str>) -> Option<(usize, String)> {
    let parameter = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match parameter {
        Some("") => Some((0, "the parameter has no name; write one between the braces, such as {id}".into())),
        Some(name) if is_parameter_name(name) => {
            if names.contains(&name) {
                return Some((
                    0,
                    format!("the parameter {} is there twice; give it another name", quoted(name)),
                ));
            }
            names.push(name);
            None
        }
        Some(name) if !name.contains(['{', '}']) => Some((
            0,
            format!(
                "the parameter name {} must be letters, digits, - or _, starting with a letter or _",
                quoted(name)
            ),
        )),
        Some(_) | None => fault_of_braces(segment).or_else(|| fault_of_literal(segment)),
    }
}

fn is_parameter_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn fault_of_braces(segment: &str) -> Option<(usize, String)> {
    let at = segment.find(['{', '}'])?;
    let mut open = false;
    for c in segment.chars().filter(|c| matches!(c, '{' | '}')) {
        if (c == '{') == open {
            return Some((at, "the braces do not match; write a parameter as {name}".into()));
        }
        open = !open;
    }
    let message = if open {
        "the braces do not match; write a parameter as {name}"
    } else {
        "a parameter must be a whole segment; put a slash between it and the text beside it"
    };
    Some((at, message.into()))
}

fn fault_of_literal(segment: &str) -> Option<(usize, String)> {
    let refused = segment
        .char_indices()
        .find(|&(_, c)| !u8::try_from(c).is_ok_and(|byte| is_literal_byte(byte) && byte != b'*'));
    if let Some((at, c)) = refused {
        let message = match c {
            '%' => "paths are written decoded; write the character itself, or a {parameter}".into(),
            '*' => "there are no wildcards; write {name} for one segment of any text".into(),
            '?' | '#' => "only the path is matched; end it before the query".into(),
            c if c.is_ascii() => {
                format!("{c:?} cannot occur in a path that is matched; use a {{parameter}} for this segment")
            }
            c => {
                format!("literal segments are ASCII, and {c:?} is not; use a {{parameter}} for this segment")
            }
        };
        return Some((at, message));
    }
    if segment.bytes().all(|byte| byte == b'.') || is_cookieless_session(segment.as_bytes()) {
        return Some((0, format!("servers drop the segment {} from a path; remove it", quoted(segment))));
    }
    segment
        .ends_with('.')
        .then(|| (segment.len() - 1, "remove the dot at the end of the segment; some servers drop it".into()))
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEMPLATE_BYTES, Part, Template};

    #[test]
    fn parts_of_good_templates() {
        let template = Template::parse("/api/.well-known/{userId}/v1.0/a@b").unwrap();
        let parts: Vec<_> = template.parts().collect();
        assert_eq!(
            parts,
            [
                Part::Literal("api"),
                Part::Literal(".well-known"),
                Part::Parameter,
                Part::Literal("v1.0"),
                Part::Literal("a@b")
            ]
        );
        assert_eq!(Template::parse("/").unwrap().parts().count(), 0);
    }

    #[test]
    fn faults_point_into_the_template() {
        let cases: &[(&str, &[(usize, &str)])] = &[
            ("", &[(0, "is empty")]),
            ("api/user", &[(0, "start with a slash; write \"/api/user\"")]),
            ("a//{}/", &[(0, "start with a slash"), (1, "doubled"), (3, "no name"), (5, "trailing slash")]),
            ("/a//b", &[(2, "doubled slash")]),
            ("//a", &[(0, "doubled slash")]),
            ("/a/", &[(2, "trailing slash")]),
            ("/a/../b", &[(3, "servers drop the segment")]),
            ("/./b", &[(1, "servers drop the segment")]),
            ("/(S(x))", &[(1, "servers drop the segment")]),
            ("/a%2fb", &[(2, "decoded")]),
            ("/a/{}", &[(3, "has no name")]),
            ("/{a}{b}", &[(1, "whole segment")]),
            ("/{a}x", &[(1, "whole segment")]),
            ("/x{a}", &[(2, "whole segment")]),
            ("/{a", &[(1, "do not match")]),
            ("/a}", &[(2, "do not match")]),
            ("/{{a}}", &[(1, "do not match")]),
            ("/}a{", &[(1, "do not match")]),
            ("/{1a}", &[(1, "parameter name \"1a\"")]),
            ("/{a b}", &[(1, "parameter name \"a b\"")]),
            ("/{a}/{b}/{a}", &[(9, "twice")]),
            ("/*", &[(1, "no wildcards")]),
            ("/a*/b", &[(2, "no wildcards")]),
            ("/a?b=c", &[(2, "before the query")]),
            ("/a;v=1", &[(2, "';' cannot occur")]),
            ("/a b", &[(2, "' ' cannot occur")]),
            ("/caf\u{e9}", &[(4, "ASCII")]),
            ("/a\u{7}", &[(2, "cannot occur")]),
            ("/a.", &[(2, "dot at the end")]),
            ("/a%//{}/*", &[(2, "decoded"), (3, "doubled slash"), (5, "has no name"), (8, "no wildcards")]),
        ];
        for (text, expected) in cases {
            let faults = Template::parse(text).unwrap_err();
            assert_eq!(faults.len(), expected.len(), "{text}: {faults:?}");
            for (fault, (at, words)) in faults.iter().zip(*expected) {
                assert_eq!(fault.at, *at, "{text}: {fault:?}");
                assert!(fault.message.contains(words), "{text}: {fault:?}");
            }
        }
    }

    #[test]
    fn limits() {
        assert!(Template::parse(&"/a".repeat(64)).is_ok());
        assert!(Template::parse(&"/a".repeat(65)).is_err());
        assert!(Template::parse(&format!("/{}", "a".repeat(MAX_TEMPLATE_BYTES - 1))).is_ok());
        assert!(Template::parse(&format!("/{}", "a".repeat(MAX_TEMPLATE_BYTES))).is_err());
    }
}
