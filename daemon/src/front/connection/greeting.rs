//! The greeting: what versions are spoken, and whether this caller is welcome.

use super::end::End;
use super::outbox::Written;
use super::serving::Connection;
use crate::front::reading;
use apikeyd_protocol::hello::{Hello, VERSION, Welcome, WelcomeCode};
use apikeyd_protocol::limit::HELLO_TIMEOUT;
use tokio::sync::watch;
use tokio::time::timeout;

impl Connection {
    /// Reads the hello and accepts or refuses it.
    pub(super) async fn greet(&mut self, drain: &watch::Receiver<bool>) -> Result<(), End> {
        let hello = match self.read_hello().await? {
            Some(hello) if hello.version.major == VERSION.major => hello,
            Some(_) => return self.refuse(WelcomeCode::UnsupportedVersion).await,
            None => return self.refuse(WelcomeCode::BadHello).await,
        };
        if *drain.borrow() {
            return self.refuse(WelcomeCode::ShuttingDown).await;
        }
        self.refresh_rights();
        let rights = self.caller.standing.rights();
        if rights.is_empty() {
            return self.refuse(WelcomeCode::NotPermitted).await;
        }
        let welcome = Welcome::accept(&hello, rights, self.daemon.service.instance());
        self.send(&welcome).await
    }

    /// Reads the hello and refuses it, so that the caller learns why instead of seeing a broken pipe.
    pub(crate) async fn turn_away(mut self, code: WelcomeCode) -> End {
        let code = match self.read_hello().await {
            Ok(Some(hello)) if hello.version.major == VERSION.major => code,
            Ok(Some(_)) => WelcomeCode::UnsupportedVersion,
            Ok(None) => WelcomeCode::BadHello,
            Err(end) => return end,
        };
        self.refuse(code).await.err().unwrap_or(End::Refused(code))
    }

    /// `None` when the bytes are not a hello.
    async fn read_hello(&mut self) -> Result<Option<Hello>, End> {
        timeout(HELLO_TIMEOUT, self.read_hello_whenever()).await.unwrap_or(Err(End::NoHello))
    }

    async fn read_hello_whenever(&mut self) -> Result<Option<Hello>, End> {
        loop {
            match Hello::decode(self.inbox.bytes()) {
                Ok(Some((hello, length))) => {
                    self.inbox.take(length);
                    return Ok(Some(hello));
                }
                Ok(None) => {}
                Err(_) => return Ok(None),
            }
            match reading::read(&self.socket, self.inbox.room()).await {
                Ok(0) => return Err(End::Closed),
                Ok(count) => self.inbox.received(count),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn refuse(&mut self, code: WelcomeCode) -> Result<(), End> {
        self.send(&Welcome::refusal(code)).await?;
        Err(End::Refused(code))
    }

    /// A welcome is the first thing that is written, and always fits the socket's buffer.
    async fn send(&mut self, welcome: &Welcome) -> Result<(), End> {
        self.outbox.append(&welcome.encode(), None);
        timeout(HELLO_TIMEOUT, async {
            while self.outbox.write(&self.socket)? != Written::All {
                self.socket.writable().await?;
            }
            Ok(())
        })
        .await
        .unwrap_or(Err(End::Stuck))
    }
}
