//! `audit list`

use crate::failure::{Exit, Failure};
use crate::output::time::{rfc3339, to_the_second};
use crate::output::{Members, Output, Rows};
use crate::text::hex;
use apikeyd_client::{Actor, AuditEvent, AuditList, AuditRow, Client, CredentialsCause, MAX_PAGE_ITEMS};
use serde::Serialize;

const HEADINGS: [&str; 7] = ["REVISION", "TIME", "ACTOR", "EVENT", "KEY_ID", "USER", "DETAIL"];

/// The object `audit row` of JSON.md.
#[derive(Serialize)]
struct RowObject<'a> {
    revision: u64,
    at: String,
    actor: ActorObject,
    event: &'static str,
    key_id: Option<String>,
    user: Option<&'a str>,
    detail: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum ActorObject {
    Daemon,
    Peer { uid: u32, gid: u32, pid: u32 },
}

pub(crate) fn run(client: &Client, after: u64, limit: u64, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        let mut members = Members::of(output, "rows");
        pages(client, after, limit, |rows| {
            rows.iter().try_for_each(|row| members.add(&object(row)))?;
            members.send()
        })?;
        members.end()?;
    } else {
        let mut table = Rows::under(HEADINGS);
        pages(client, after, limit, |rows| {
            table.batch(output, rows.iter().map(cells).collect())?;
            Ok(!output.is_closed())
        })?;
    }
    Ok(Exit::Done)
}

fn pages(
    client: &Client,
    mut after: u64,
    mut left: u64,
    mut take: impl FnMut(&[AuditRow]) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    loop {
        let limit = u16::try_from(left).unwrap_or(MAX_PAGE_ITEMS).min(MAX_PAGE_ITEMS);
        let page = client.audit_list(&AuditList::new().after(after).limit(limit))?;
        left = left.saturating_sub(page.rows.len() as u64);
        let more = take(&page.rows)? && left > 0;
        match page.next {
            // A daemon that gives the same page again would be asked for ever.
            Some(next) if more && next > after => after = next,
            Some(_) if more => return Err(Failure::internal("the daemon's pages repeat")),
            Some(_) | None => return Ok(()),
        }
    }
}

/// What an event names: key, user, and the rest in words.
fn parts(event: &AuditEvent) -> (Option<String>, Option<&str>, Option<String>) {
    match event {
        AuditEvent::StoreCreated | AuditEvent::BackupTaken => (None, None, None),
        AuditEvent::KeyAdded { key_id, user }
        | AuditEvent::KeyDeleted { key_id, user }
        | AuditEvent::UserDeleted { key_id, user }
        | AuditEvent::KeyExpired { key_id, user } => (Some(key_id.to_string()), Some(user.as_str()), None),
        AuditEvent::KeyReplaced { key_id, replaced, user } => {
            (Some(key_id.to_string()), Some(user.as_str()), Some(format!("replaced {replaced}")))
        }
        AuditEvent::CredentialsChanged { key_id, user, cause } => {
            let cause = match cause {
                CredentialsCause::Change => "change",
                CredentialsCause::Reset => "reset",
            };
            (Some(key_id.to_string()), Some(user.as_str()), Some(cause.to_owned()))
        }
        AuditEvent::RecordPurged { key_id } => (Some(key_id.to_string()), None, None),
        AuditEvent::PolicyLoaded { rows, hash } => {
            (None, None, Some(format!("{rows} rows, BLAKE3 {}", hex(hash))))
        }
    }
}

fn object(row: &AuditRow) -> RowObject<'_> {
    let (key_id, user, detail) = parts(&row.event);
    let actor = match row.actor {
        Actor::Daemon => ActorObject::Daemon,
        Actor::Peer { uid, gid, pid } => ActorObject::Peer { uid, gid, pid },
    };
    RowObject {
        revision: row.revision,
        at: rfc3339(row.at),
        actor,
        event: row.event.name(),
        key_id,
        user,
        detail,
    }
}

fn cells(row: &AuditRow) -> [String; 7] {
    let (key_id, user, detail) = parts(&row.event);
    let actor = match row.actor {
        Actor::Daemon => "daemon".to_owned(),
        Actor::Peer { uid, gid, pid } => format!("uid={uid} gid={gid} pid={pid}"),
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        row.revision.to_string(),
        to_the_second(row.at),
        actor,
        row.event.name().to_owned(),
        or_dash(key_id),
        or_dash(user.map(str::to_owned)),
        or_dash(detail),
    ]
}
