//! A service on a database file in memory, asked by one administrator.

mod image;

pub use image::Image;

use apikeyd::operations::{OpenError, Service, Settings};
use apikeyd::parts::{Clock, Parts};
use apikeyd_kit_service::{ADMIN, Session as Asking};
pub use apikeyd_kit_service::{Question, START};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::term::SaveMode;
use apikeyd_protocol::time::Timestamp;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

/// The pepper of all stores in memory.
pub const PEPPER: [u8; 32] = [0x5a; 32];

/// A running service.
#[derive(Debug)]
pub struct Session {
    /// Its clock, which stands still unless it is set.
    pub clock: Clock,
    asking: Asking,
}

impl Deref for Session {
    type Target = Asking;

    fn deref(&self) -> &Asking {
        &self.asking
    }
}

impl Session {
    /// Makes a store in an empty image and opens it, with these parts but for the clock.
    #[must_use]
    pub fn create(image: Image, parts: Parts) -> Self {
        let parts = parts.with_clock(Clock::manual(START));
        Service::create_on(Box::new(image.clone()), &PEPPER, &parts).unwrap();
        Self::open(image, parts).unwrap()
    }

    /// Opens the store on an image.
    ///
    /// # Errors
    /// As the daemon's own opening.
    pub fn open(image: Image, parts: Parts) -> Result<Self, OpenError> {
        let settings = Settings { cache_bytes: 1 << 20, ..Settings::in_dir(Path::new("nowhere")) };
        let table = PolicyTable::shipped();
        let clock = parts.clock().clone();
        let service = Service::open_on(Arc::new(image), &PEPPER, settings, table, parts)?;
        Ok(Self { clock, asking: Asking::of(service) })
    }

    /// What is answered about a key: `valid USER`, `refused REASON`, or `error STATUS`.
    #[must_use]
    pub fn verdict(&self, question: &Question) -> String {
        let told = self.try_verdict(ADMIN, question);
        told.unwrap_or_else(|error| format!("error {error}"))
    }

    /// Makes a draft.
    #[must_use]
    pub fn generate(&self, user: &str, expires_at: Option<Timestamp>) -> Question {
        Question::from(&self.asking.generate(user, Some("a key"), expires_at))
    }

    /// Saves a draft.
    pub fn save(&self, key_id: KeyId, mode: SaveMode) {
        self.asking.save(key_id, mode).unwrap();
    }

    /// Revokes a key.
    pub fn delete(&self, key_id: KeyId) {
        self.asking.delete(key_id).unwrap();
    }

    /// Tells of a new password.
    pub fn reset_credentials(&self, user: &str) {
        self.asking.reset_credentials(user).unwrap();
    }

    /// Tells that an account is gone.
    pub fn delete_user(&self, user: &str) {
        self.asking.delete_user(user).unwrap();
    }

    /// Ends the service. What a spoiled store says at its end is no answer to anybody.
    pub fn close(self) {
        let _ = self.asking.close();
    }
}
