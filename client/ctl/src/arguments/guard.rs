//! Refuses keys on the command line: every user of the machine can read it in the process list, and shells keep it in
//! their history.

use apikeyd_client::looks_like_key;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// The position of the first argument that holds a key, from 1; the program's name is skipped.
pub(super) fn find_key(arguments: &[OsString]) -> Option<usize> {
    arguments
        .iter()
        .enumerate()
        .skip(1)
        .find(|(_, argument)| looks_like_key(argument.as_bytes()))
        .map(|(at, _)| at)
}

/// The message, without the argument itself.
pub(super) fn refusal(place: usize) -> String {
    format!(
        "argument {place} holds an API key, which is refused: other users see arguments in the process list, and \
         shells keep them in their history; give the key on standard input or with --key-file, and if it is in use, \
         replace it"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use apikeyd_client::ApiKey;
    use apikeyd_protocol::key::KeyPrefix;

    fn key() -> String {
        let made = ApiKey::generate(&KeyPrefix::default(), |bytes| {
            bytes.fill(0x2a);
            Ok::<(), ()>(())
        });
        made.ok().unwrap().expose().to_owned()
    }

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        let key = key();
        for argument in [
            key.clone(),
            format!("--label={key}"),
            format!("/download?key={key}&x=1"),
            format!(" {key}\n"),
            // A typing error does not make a secret public property.
            key.get(..key.len() - 1).unwrap().to_owned() + "x",
        ] {
            let arguments = ["apikeyctl".into(), "show".into(), OsString::from(&argument)];
            assert_eq!(find_key(&arguments), Some(2), "{argument}");
        }
    }

    #[test]
    fn what_is_no_key_passes() {
        let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for argument in
            ["alice", "0a1B2c3D4e", "--save", &format!("backup_{hash}.redb"), &format!("17:{hash}"), ""]
        {
            assert_eq!(find_key(&["apikeyctl".into(), argument.into()]), None, "{argument}");
        }
    }
}
