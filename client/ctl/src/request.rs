//! The command line, typed: past here nothing is parsed again.

use crate::arguments::{
    Arguments, AuditCommand, BenchArguments, BenchMode, Cause, Command as Written, GenerateArguments,
    PolicyCommand, PolicyTestArguments, ShowArguments, ValidateArguments,
};
use crate::failure::Failure;
use crate::key_source::KeySource;
use crate::output::time;
use apikeyd_client::{AuditHead, CredentialsCause, Generate, KeyId, Operation, SaveMode, UserId};
use clap_complete::Shell;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

/// What to do, and where the daemon is.
#[derive(Debug)]
pub(crate) struct Request {
    /// Where the daemon is.
    pub(crate) connection: Connection,
    /// What to do.
    pub(crate) command: Command,
}

/// How to reach the daemon.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The socket, if not the usual one.
    pub(crate) socket: Option<PathBuf>,
    /// The longest wait for an answer, if not the usual one.
    pub(crate) timeout: Option<Duration>,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Generate a draft, and perhaps save it.
    Generate {
        /// The draft.
        draft: Generate,
        /// How it will be saved.
        mode: SaveMode,
        /// Whether to save without asking.
        save: bool,
    },
    /// Save a draft.
    Save {
        /// The draft.
        key_id: KeyId,
        /// How.
        mode: SaveMode,
    },
    /// Show a record.
    Show(Shown),
    /// List records.
    List {
        /// Include revoked keys.
        ended: bool,
    },
    /// Revoke a key.
    Delete(KeyId),
    /// Validate a key.
    Validate {
        /// Where it comes from.
        source: KeySource,
        /// The operation to judge, if any.
        operation: Option<OwnedOperation>,
    },
    /// A user's password changed.
    CredentialsChanged {
        /// The user.
        user: UserId,
        /// How.
        cause: CredentialsCause,
    },
    /// A user's account is gone.
    DeleteUser(UserId),
    /// Show the policy table in force, or that of a file.
    PolicyShow(Option<PathBuf>),
    /// Judge operations by the table in force, or that of a file.
    PolicyTest {
        /// The file.
        policy: Option<PathBuf>,
        /// What to judge.
        operations: Operations,
        /// Whether the verdicts on single lines are left out.
        only_totals: bool,
    },
    /// Explain how an operation is judged.
    PolicyExplain {
        /// The file.
        policy: Option<PathBuf>,
        /// What to explain.
        operation: OwnedOperation,
    },
    /// Check a policy file.
    PolicyCheck(PathBuf),
    /// Reload the policy.
    PolicyReload,
    /// List the audit.
    AuditList {
        /// Only rows after this revision.
        after: u64,
        /// At most this many rows.
        limit: u64,
    },
    /// Check the audit.
    AuditVerify(Option<AuditHead>),
    /// Copy the database.
    Backup(PathBuf),
    /// Show the daemon's state.
    Status,
    /// Measure the daemon.
    Bench(BenchArguments),
    /// Write a completion script.
    Completions(Shell),
    /// Write the manual pages.
    Man(PathBuf),
}

/// Which record to show.
#[derive(Debug)]
pub(crate) enum Shown {
    /// The active key of a user.
    User(UserId),
    /// The key of this id; if there is none, that of the user who is called like it.
    KeyOrUser(KeyId, UserId),
}

/// An operation as it was given, raw.
#[derive(Debug)]
pub(crate) struct OwnedOperation {
    /// The method.
    pub(crate) method: Vec<u8>,
    /// Path and query.
    pub(crate) target: Vec<u8>,
}

impl OwnedOperation {
    /// To ask the daemon about.
    pub(crate) fn as_operation(&self) -> Operation<'_> {
        Operation::new(&self.method, &self.target)
    }
}

/// What `policy test` judges.
#[derive(Debug)]
pub(crate) enum Operations {
    /// One operation.
    One(OwnedOperation),
    /// One on each line of a file.
    File(PathBuf),
    /// One on each line of standard input.
    StandardInput,
}

impl Request {
    /// Gives the arguments their types.
    ///
    /// # Errors
    /// [`Failure`] of usage, when arguments that are well-formed do not make sense.
    pub(crate) fn from_arguments(arguments: Arguments) -> Result<Self, Failure> {
        let connection = Connection { socket: arguments.global.socket, timeout: arguments.global.timeout };
        let command = match arguments.command {
            Written::Generate(generate) => generated(generate)?,
            Written::Save(save) => Command::Save { key_id: save.key_id, mode: mode(save.replace) },
            Written::Show(show) => Command::Show(shown(show)),
            Written::List(list) => Command::List { ended: list.ended },
            Written::Delete(delete) => Command::Delete(delete.key_id),
            Written::Validate(validate) => validated(validate),
            Written::CredentialsChanged(event) => {
                let cause = match event.cause {
                    Cause::Change => CredentialsCause::Change,
                    Cause::Reset => CredentialsCause::Reset,
                };
                Command::CredentialsChanged { user: event.user, cause }
            }
            Written::DeleteUser(event) => Command::DeleteUser(event.user),
            Written::Policy(policy) => match policy.command {
                PolicyCommand::Show(show) => Command::PolicyShow(show.policy),
                PolicyCommand::Test(test) => tested(test)?,
                PolicyCommand::Check(check) => Command::PolicyCheck(check.file),
                PolicyCommand::Reload => Command::PolicyReload,
            },
            Written::Audit(audit) => match audit.command {
                AuditCommand::List(list) => {
                    Command::AuditList { after: list.after, limit: list.limit.unwrap_or(u64::MAX) }
                }
                AuditCommand::Verify(verify) => Command::AuditVerify(verify.head),
            },
            Written::Backup(backup) if backup.file.as_os_str() == "-" => {
                return Err(Failure::usage(
                    "a backup is made private and synced, so it needs a file; give its name",
                ));
            }
            Written::Backup(backup) => Command::Backup(backup.file),
            Written::Status => Command::Status,
            Written::Bench(bench) if bench.mode == BenchMode::Cached && bench.pipeline > 1 => {
                return Err(Failure::usage(
                    "--mode cached keeps no requests in flight; leave --pipeline out, and give threads with --connections",
                ));
            }
            Written::Bench(bench) => Command::Bench(bench),
            Written::Completions(completions) => Command::Completions(completions.shell),
            Written::Man(man) => Command::Man(man.directory),
        };
        Ok(Self { connection, command })
    }
}

fn mode(replace: bool) -> SaveMode {
    if replace { SaveMode::Replace } else { SaveMode::Add }
}

fn generated(arguments: GenerateArguments) -> Result<Command, Failure> {
    let expires_at = arguments
        .expires
        .map(|expiry| expiry.resolve(time::now()))
        .transpose()
        .map_err(|words| Failure::usage(format!("--expires: {words}")))?;
    Ok(Command::Generate {
        draft: Generate::new(arguments.user).label(arguments.label).expires_at(expires_at),
        mode: mode(arguments.replace),
        save: arguments.save,
    })
}

fn shown(arguments: ShowArguments) -> Shown {
    match KeyId::parse(arguments.target.as_str().as_bytes()) {
        Ok(key_id) if !arguments.user => Shown::KeyOrUser(key_id, arguments.target),
        Ok(_) | Err(_) => Shown::User(arguments.target),
    }
}

fn validated(arguments: ValidateArguments) -> Command {
    let operation = arguments
        .method
        .zip(arguments.path)
        .map(|(method, path)| OwnedOperation { method: method.into_vec(), target: path.into_vec() });
    let source = match arguments.key_file {
        Some(file) if file.as_os_str() != "-" => KeySource::File(file),
        Some(_) | None => KeySource::StandardInput,
    };
    Command::Validate { source, operation }
}

fn tested(arguments: PolicyTestArguments) -> Result<Command, Failure> {
    let operations = match (arguments.from, arguments.method.zip(arguments.path)) {
        (Some(file), _) if file.as_os_str() == "-" => Operations::StandardInput,
        (Some(file), _) => Operations::File(file),
        (None, Some((method, path))) => {
            let operation = OwnedOperation { method: method.into_vec(), target: path.into_vec() };
            if arguments.explain {
                return Ok(Command::PolicyExplain { policy: arguments.policy, operation });
            }
            Operations::One(operation)
        }
        (None, None) => return Err(Failure::usage("give METHOD and PATH, or --from FILE")),
    };
    Ok(Command::PolicyTest { policy: arguments.policy, operations, only_totals: arguments.totals })
}
