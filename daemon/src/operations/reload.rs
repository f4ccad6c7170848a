//! Reads the policy file and the rights again while the daemon runs.

use super::error::{ErrorKind, ServiceError};
use super::service::Service;
use crate::config::{self, CommandLine, Config, Place, SystemAccounts};
use crate::rights::RightsTable;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::message::Reloaded;
use apikeyd_protocol::term::Actor;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// Maximum number of bytes of faults that a caller is shown; the log has all of them.
const MAX_SHOWN_BYTES: usize = 8 * 1024;

/// The rights in force, and what is needed to read them and the policy again.
#[derive(Debug)]
pub(crate) struct Reload {
    rights: Arc<ArcSwap<RightsTable>>,
    command_line: CommandLine,
    place: Place,
    /// The settings at the start; only rights and policy change while the daemon runs.
    started_with: Config,
    /// One reload at a time, so that the later one prevails.
    turn: tokio::sync::Mutex<()>,
}

impl Reload {
    pub(crate) fn new(command_line: CommandLine, place: Place, config: Config) -> Self {
        let rights = Arc::new(ArcSwap::from_pointee(config.rights.clone()));
        Self { rights, command_line, place, started_with: config, turn: tokio::sync::Mutex::new(()) }
    }

    /// The rights in force.
    pub(crate) const fn rights(&self) -> &Arc<ArcSwap<RightsTable>> {
        &self.rights
    }

    /// Reads configuration and policy file, and puts both in force, or neither.
    ///
    /// # Errors
    /// `InvalidConfiguration` with all faults, or with the lost file that is in force; `StorageUnavailable` if
    /// the change of the policy could not be written to the audit. Nothing has changed then. Nothing is read if
    /// `gone` says, when this reload gets its turn, that nobody waits for it.
    pub(crate) async fn reload(
        &self,
        service: &Service,
        actor: Actor,
        gone: &(dyn Fn() -> bool + Sync),
    ) -> Result<Reloaded, ServiceError> {
        let _turn = self.turn.lock().await;
        if gone() {
            return Err(ServiceError::abandoned());
        }
        let outcome = self.try_reload(service, actor).await;
        match &outcome {
            Ok(reloaded) => {
                tracing::info!(
                    policy_rows = reloaded.policy_rows,
                    policy_changed = reloaded.policy_changed,
                    "rights and policy were read again and are in force"
                );
                service.log_files("files in force after the reload");
            }
            Err(error) => {
                for fault in error.message.lines() {
                    tracing::error!("{fault}");
                }
                tracing::error!("the reload failed and changed nothing");
            }
        }
        outcome.map_err(shortened)
    }

    async fn try_reload(&self, service: &Service, actor: Actor) -> Result<Reloaded, ServiceError> {
        let (command_line, place) = (self.command_line.clone(), self.place.clone());
        // Reads files, and looks up users and groups, possibly on a network server.
        let reading = tokio::task::spawn_blocking(move || read(&command_line, &place));
        let (config, table) = reading
            .await
            .map_err(|error| {
                ServiceError::caused(ErrorKind::Internal, "the reload failed; see the journal", error)
            })?
            .map_err(|faults| ServiceError::new(ErrorKind::InvalidConfiguration, faults))?;
        let reloaded = service.load_policy(actor, table, &config.sources()).await?;
        self.warn_of_restart(&config);
        if **self.rights.load() != config.rights {
            self.rights.store(Arc::new(config.rights));
            service.rights_changed().await;
        }
        Ok(reloaded)
    }

    fn warn_of_restart(&self, now: &Config) {
        let then = &self.started_with;
        let differs = [
            ("state_dir", then.state_dir != now.state_dir),
            ("socket", then.socket != now.socket),
            ("page", then.page != now.page),
            ("key_prefix", then.key_prefix != now.key_prefix),
            ("keys", then.draft_ttl != now.draft_ttl || then.retention != now.retention),
            ("limits", then.limits != now.limits || then.cache_bytes != now.cache_bytes),
            ("log", then.log != now.log),
        ];
        for (name, _) in differs.iter().filter(|(_, differs)| *differs) {
            tracing::warn!(value = name, "this value has changed; it takes effect at the next start");
        }
    }
}

fn read(command_line: &CommandLine, place: &Place) -> Result<(Config, PolicyTable), String> {
    let config = config::load(command_line, place, &SystemAccounts).map_err(|error| error.to_string())?;
    let table = config::load_policy(&config.policy).map_err(|error| error.to_string())?;
    Ok((config, table))
}

/// A frame is limited, and a broken file may have thousands of faults.
fn shortened(mut error: ServiceError) -> ServiceError {
    if error.message.len() > MAX_SHOWN_BYTES {
        let end = (0..=MAX_SHOWN_BYTES).rev().find(|end| error.message.is_char_boundary(*end));
        error.message.truncate(end.unwrap_or(0));
        error.message.push_str("\n… the journal shows the rest");
    }
    error
}
