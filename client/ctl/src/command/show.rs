//! `show`

use super::record::{RecordObject, write_lines};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::request::Shown;
use apikeyd_client::{Client, Status};

pub(super) fn run(client: &Client, shown: &Shown, output: &mut Output) -> Result<Exit, Failure> {
    let record = match shown {
        Shown::User(user) => client.retrieve_user(user)?,
        Shown::KeyOrUser(key_id, user) => match client.retrieve_key(*key_id) {
            Err(error) if error.status() == Some(Status::NotFound) => client.retrieve_user(user)?,
            answer => answer?,
        },
    };
    if output.is_json() {
        output.object(&RecordObject::from(&record))?;
    } else {
        write_lines(&record, output)?;
    }
    Ok(Exit::Done)
}
