//! Numbers of the file, within the bounds that make sense.

use super::fault::Faults;
use core::ops::RangeInclusive;
use toml::Spanned;

/// The number if it is in the range; the default if it is not there; a fault otherwise.
///
/// `N` is a type that holds the whole range.
pub(super) fn bounded<N: TryFrom<i64>>(
    name: &str,
    value: Option<&Spanned<i64>>,
    range: RangeInclusive<i64>,
    default: N,
    faults: &mut Faults,
) -> N {
    let Some(value) = value else { return default };
    let number = *value.get_ref();
    match N::try_from(number) {
        Ok(fits) if range.contains(&number) => fits,
        Ok(_) | Err(_) => {
            let (least, most) = (range.start(), range.end());
            faults.at(value.span().start, format!("{name} is {number}; it must be from {least} to {most}"));
            default
        }
    }
}
