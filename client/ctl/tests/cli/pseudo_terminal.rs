//! The program on a terminal.

use crate::program::await_output;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

/// A program with a terminal for all three streams.
pub(crate) struct OnTerminal {
    child: Child,
    /// The side of whoever sits there.
    screen: File,
    /// The program's side, kept open so that its modes can be looked at.
    line: OwnedFd,
    seen: String,
}

impl OnTerminal {
    pub(crate) fn start(mut command: Command) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let line = ioctl_tiocgptpeer(&screen, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        let stream = || line.try_clone().unwrap();
        command.stdin(stream()).stdout(stream()).stderr(stream());
        let child = command.spawn().unwrap();
        drop(command);
        Self { child, screen: screen.into(), line, seen: String::new() }
    }

    /// Reads the screen until this is on it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let mut bytes = [0; 4096];
        while !self.seen.contains(text) {
            await_output(&self.screen);
            let length = self.screen.read(&mut bytes).unwrap();
            self.seen.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.screen.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.line).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Everything on the screen, and the exit code, or minus the signal.
    pub(crate) fn end(mut self) -> (String, i32, bool) {
        let status = self.child.wait().unwrap();
        let echoes = self.echoes();
        drop(self.line);
        let mut rest = Vec::new();
        // EIO is the end of a terminal whose other side is closed.
        let _ = self.screen.read_to_end(&mut rest);
        self.seen.push_str(&String::from_utf8(rest).unwrap());
        let code = status.code().unwrap_or_else(|| -status.signal().unwrap());
        (self.seen.replace("\r\n", "\n"), code, echoes)
    }
}
