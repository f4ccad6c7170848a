//! `list`

use super::record::RecordObject;
use crate::failure::{Exit, Failure};
use crate::output::time::to_the_second;
use crate::output::{Members, Output, Rows};
use apikeyd_client::{Client, KeyPage, KeyRecord, KeyState, List};

const HEADINGS: [&str; 7] = ["KEY_ID", "STATE", "CREATED", "EXPIRES", "LAST_USED", "USER", "LABEL"];

pub(super) fn run(client: &Client, ended: bool, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        let mut members = Members::of(output, "keys");
        pages(client, ended, |page| {
            page.keys.iter().try_for_each(|record| members.add(&RecordObject::from(record)))?;
            members.send()
        })?;
        members.end()?;
        return Ok(Exit::Done);
    }
    let mut rows = Rows::under(HEADINGS);
    let mut keys = 0_u64;
    pages(client, ended, |page| {
        keys += page.keys.len() as u64;
        rows.batch(output, page.keys.iter().map(cells).collect())?;
        Ok(!output.is_closed())
    })?;
    if keys == 0 {
        output.note("there are no keys");
    }
    Ok(Exit::Done)
}

/// Hands over page after page until the last, or until the reader has enough.
fn pages(
    client: &Client,
    include_revoked: bool,
    mut take: impl FnMut(KeyPage) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = client.list(&List::new().after(after).include_revoked(include_revoked))?;
        let next = page.next;
        let more = take(page)?;
        match next {
            // A daemon that gives the same page again would be asked for ever.
            Some(next) if more && Some(next) > after => after = Some(next),
            Some(_) if more => return Err(Failure::internal("the daemon's pages repeat")),
            Some(_) | None => return Ok(()),
        }
    }
}

fn cells(record: &KeyRecord) -> [String; 7] {
    let or_dash = |time: Option<_>| time.map_or_else(|| "-".to_owned(), to_the_second);
    [
        record.key_id.to_string(),
        match record.state {
            KeyState::Active => "active".to_owned(),
            KeyState::Revoked { cause, .. } => cause.to_string(),
        },
        to_the_second(record.created_at),
        or_dash(record.expires_at),
        or_dash(record.last_used_at),
        record.user.as_str().to_owned(),
        record.label.as_ref().map_or_else(|| "-".to_owned(), |label| label.as_str().to_owned()),
    ]
}
