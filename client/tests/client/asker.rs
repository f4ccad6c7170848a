//! One face for both clients, so that each scenario is tried with both.

use apikeyd_client::{
    Backup, Builder, CacheStatistics, Client, Error, Generate, Generated, Operation, RightSet, UserId,
    Verdict,
};
use apikeyd_kit::answers::key;
use std::path::Path;
use std::time::Duration;

/// Long enough that no test meets it by chance, and short enough to end a test that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of either kind.
pub(crate) enum Asker {
    Blocking(Client),
    #[cfg(feature = "tokio")]
    Tokio(tokio::runtime::Runtime, apikeyd_client::AsyncClient),
}

/// Each kind of client in turn, with settings of the test's. Without a cache: these tests want to see each request.
pub(crate) fn both_with(path: &Path, settings: impl Fn(Builder) -> Builder) -> Vec<Asker> {
    let builder = || settings(Client::builder().socket(path).timeout(PATIENCE).cache(false));
    vec![
        Asker::Blocking(builder().build().unwrap()),
        #[cfg(feature = "tokio")]
        Asker::Tokio(runtime(), builder().build_async().unwrap()),
    ]
}

/// Each kind of client in turn.
pub(crate) fn both(path: &Path) -> Vec<Asker> {
    both_with(path, |builder| builder)
}

/// One thread: the task of a connection runs only while the test waits for an answer, which makes the tests of
/// broken connections exact.
#[cfg(feature = "tokio")]
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

macro_rules! ask {
    ($asker:expr, $client:ident => $request:expr) => {
        match $asker {
            Asker::Blocking($client) => $request,
            #[cfg(feature = "tokio")]
            Asker::Tokio(runtime, $client) => runtime.block_on($request),
        }
    };
}

impl Asker {
    /// The same client with another time.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        match self {
            Self::Blocking(client) => Self::Blocking(client.with_timeout(timeout)),
            #[cfg(feature = "tokio")]
            Self::Tokio(runtime, client) => Self::Tokio(runtime, client.with_timeout(timeout)),
        }
    }

    pub(crate) fn validate(&self) -> Result<Verdict, Error> {
        ask!(self, client => client.validate(&key(1)))
    }

    pub(crate) fn authorize(&self, target: &str) -> Result<Verdict, Error> {
        ask!(self, client => client.authorize(&key(1), Operation::new("GET", target)))
    }

    pub(crate) fn validate_text(&self, text: &str) -> Result<Verdict, Error> {
        ask!(self, client => client.validate(text))
    }

    pub(crate) fn generate(&self) -> Result<Generated, Error> {
        let request = Generate::new(UserId::parse("u").unwrap());
        ask!(self, client => client.generate(&request))
    }

    pub(crate) fn delete_user(&self) -> Result<apikeyd_client::UserRevoked, Error> {
        ask!(self, client => client.delete_user(&UserId::parse("u").unwrap()))
    }

    pub(crate) fn backup(&self) -> Result<Backup, Error> {
        ask!(self, client => client.backup())
    }

    pub(crate) fn cache_statistics(&self) -> CacheStatistics {
        match self {
            Self::Blocking(client) => client.cache_statistics(),
            #[cfg(feature = "tokio")]
            Self::Tokio(_, client) => client.cache_statistics(),
        }
    }

    pub(crate) fn rights(&self) -> Result<RightSet, Error> {
        ask!(self, client => client.rights())
    }

    /// The user of a key that must be valid.
    pub(crate) fn user(&self) -> String {
        self.validate().unwrap().valid().expect("a valid key").user.to_string()
    }
}
