//! The audit head as people keep it.

use apikeyd_client::AuditHead;

/// An audit head as `audit verify` and `backup` print it: `REVISION:HEX`.
pub(super) fn audit_head(text: &str) -> Result<AuditHead, String> {
    let wrong =
        || "write the head as it was printed: a revision, a colon and 64 hexadecimal digits".to_owned();
    let (revision, mac) = text.split_once(':').ok_or_else(wrong)?;
    if !revision.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let revision = revision.parse().map_err(|_| wrong())?;
    Ok(AuditHead { revision, mac: hash(mac).ok_or_else(wrong)? })
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0_u8, |byte, digit| (byte << 4) | digit)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let text = format!("42:{}0f", "ab".repeat(31));
        let head = audit_head(&text);
        let mut mac = [0xab; 32];
        mac[31] = 0x0f;
        assert_eq!(head, Ok(AuditHead { revision: 42, mac }));
    }

    #[test]
    fn anything_else_is_refused() {
        let hex = "ab".repeat(32);
        for text in [
            hex.as_str(),
            "42:",
            ":",
            "42:abc",
            &format!("+1:{hex}"),
            &format!("x:{hex}"),
            &format!("1:{hex}0"),
        ] {
            assert!(audit_head(text).is_err(), "{text}");
        }
        assert!(audit_head(&format!("1:{}", "ag".repeat(32))).is_err());
    }
}
