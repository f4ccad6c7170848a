//! Why a verdict was given, in a form that can be counted.

use apikeyd_client::PolicyVerdict;
use apikeyd_policy::{Ambiguity, Judgement, NOT_EVERY_READING};
use std::borrow::Cow;

/// A code, and the row that the verdict names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reason {
    /// `row`, `default`, `unreadable-line`, or the code of an [`Ambiguity`]; the words of a daemon whose reasons this program does not know.
    pub(super) code: Cow<'static, str>,
    /// The row, as people are shown it.
    pub(super) row: Option<String>,
}

impl Reason {
    /// Of a judgement made here.
    pub(super) fn of(judgement: &Judgement<'_>) -> Self {
        let row = judgement.row.map(ToString::to_string);
        let decided = if row.is_some() { "row" } else { "default" };
        Self { code: judgement.ambiguity.map_or(decided, Ambiguity::code).into(), row }
    }

    /// Of a line that cannot be read.
    pub(super) const fn unreadable() -> Self {
        Self { code: Cow::Borrowed("unreadable-line"), row: None }
    }

    /// Of a daemon's answer, which has words alone.
    pub(super) fn of_words(verdict: PolicyVerdict, because: &str) -> Self {
        if verdict != PolicyVerdict::Ambiguous {
            let is_default = because.starts_with("no row matches;");
            let row = (!is_default).then(|| because.to_owned());
            return Self { code: if is_default { "default" } else { "row" }.into(), row };
        }
        let known = Ambiguity::ALL.into_iter().find_map(|reason| {
            let rest = because.strip_prefix(&reason.to_string())?;
            let named = if rest.is_empty() { None } else { Some(rest.strip_prefix(": ")?) };
            let row = named.filter(|named| *named != NOT_EVERY_READING).map(ToOwned::to_owned);
            Some(Self { code: reason.code().into(), row })
        });
        known.unwrap_or_else(|| Self { code: because.to_owned().into(), row: None })
    }

    /// The code of why an operation is ambiguous; none for one that a row or the default decides, and for a daemon's
    /// reason that this program does not know.
    pub(super) fn ambiguity(&self) -> Option<&'static str> {
        Ambiguity::ALL.into_iter().map(Ambiguity::code).find(|code| *code == self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;
    use apikeyd_client::PolicyVerdict;
    use apikeyd_policy::{PolicyTable, Verdict};

    #[test]
    fn the_words_of_a_judgement_give_its_reason() {
        let table = PolicyTable::shipped();
        for (method, target) in [
            ("GET", "/"),
            ("GET", "/api/apikey"),
            ("GET", "/api/apikey.json"),
            ("GET", "/api/apikey#"),
            ("GET", "x"),
            ("get", "/api/apikey"),
            ("GET", "/api/x/../apikey"),
        ] {
            let judgement = table.judge(method.as_bytes(), target.as_bytes());
            let verdict = match judgement.verdict {
                Verdict::Allow => PolicyVerdict::Allow,
                Verdict::Deny => PolicyVerdict::Deny,
                Verdict::Ambiguous => PolicyVerdict::Ambiguous,
            };
            assert_eq!(Reason::of_words(verdict, &judgement.to_string()), Reason::of(&judgement), "{target}");
        }
        let table = PolicyTable::parse(
            "default = \"deny\"\n[[operation]]\nmethod = \"GET\"\npath = \"/a/{b}\"\neffect = \"allow\"\n",
        )
        .unwrap();
        let judgement = table.judge(b"GET", b"/a/b%2Fc");
        let reason = Reason::of_words(PolicyVerdict::Ambiguous, &judgement.to_string());
        assert_eq!((reason.ambiguity(), &reason.row), (Some("encoded-delimiter"), &None));
        assert_eq!(reason, Reason::of(&judgement));
        let unknown = Reason::of_words(PolicyVerdict::Ambiguous, "a reason of tomorrow");
        assert_eq!((&*unknown.code, unknown.row), ("a reason of tomorrow", None));
    }
}
