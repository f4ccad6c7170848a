//! One file for each command. A command writes its answer and returns the exit code.

mod audit;
mod backup;
mod bench;
mod delete;
mod generate;
mod list;
mod manual;
mod policy;
mod record;
mod save;
mod show;
mod status;
mod user_event;
mod validate;

use crate::daemon::{client, patient_client};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::request::{Command, Request};

/// Does what the request says.
///
/// # Errors
/// [`Failure`] when it was not done.
pub(crate) fn run(request: Request, output: &mut Output) -> Result<Exit, Failure> {
    let Request { connection, command } = request;
    match command {
        Command::Generate { draft, mode, save } => {
            generate::run(&client(&connection)?, &draft, mode, save, output)
        }
        Command::Save { key_id, mode } => save::run(&client(&connection)?, key_id, mode, output),
        Command::Show(shown) => show::run(&client(&connection)?, &shown, output),
        Command::List { ended } => list::run(&client(&connection)?, ended, output),
        Command::Delete(key_id) => delete::run(&client(&connection)?, key_id, output),
        Command::Validate { source, operation } => {
            validate::run(&connection, &source, operation.as_ref(), output)
        }
        Command::CredentialsChanged { user, cause } => {
            user_event::credentials_changed(&client(&connection)?, &user, cause, output)
        }
        Command::DeleteUser(user) => user_event::delete_user(&client(&connection)?, &user, output),
        Command::PolicyShow(None) => policy::show::in_force(&client(&connection)?, output),
        Command::PolicyShow(Some(file)) => policy::show::file(&file, output),
        Command::PolicyTest { policy, operations, only_totals } => {
            let judge = policy::judge(&connection, policy.as_deref())?;
            policy::test::run(&judge, &operations, only_totals, output)
        }
        Command::PolicyExplain { policy, operation } => {
            policy::explain::run(&connection, policy.as_deref(), &operation, output)
        }
        Command::PolicyCheck(file) => policy::check::run(&file, output),
        Command::PolicyReload => policy::reload(&client(&connection)?, output),
        Command::AuditList { after, limit } => audit::list::run(&client(&connection)?, after, limit, output),
        Command::AuditVerify(head) => audit::verify::run(&patient_client(&connection)?, head, output),
        Command::Backup(file) => backup::run(&patient_client(&connection)?, &file, output),
        Command::Status => status::run(&client(&connection)?, output),
        Command::Bench(bench) => bench::run(&connection, &bench, output),
        Command::Completions(shell) => manual::completions(shell, output),
        Command::Man(directory) => manual::pages(&directory, output),
    }
}
