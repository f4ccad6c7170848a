//! The descriptor of the revocation page in the hands of somebody who would like to write to it.

use super::binary;
use apikeyd_campaigns::hostile::house::House;
use apikeyd_campaigns::hostile::mapping::{make_mapping_writable, map_writable};
use apikeyd_campaigns::hostile::strangers::{ATTACKER, are_other_users, spawn_as};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use rustix::fs::{FallocateFlags, Mode, fallocate, fchmod, ftruncate};
use rustix::io::{Errno, pwrite, write};
use std::fs::{File, Permissions};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Tries to open standard input's file again, to write, to write and cut, and by its number in /proc.
const REOPEN: &str = "\
exec 2>/dev/null
( : >>/proc/self/fd/0 ) && echo appended
( : >/proc/self/fd/0 ) && echo cut
( : <>/proc/self/fd/0 ) && echo opened
( chmod 0666 /proc/self/fd/0 ) && echo opened up
exit 0";

fn page(socket: &Path) -> OwnedFd {
    let mut peer = RawClient::greeted(socket);
    assert_eq!(peer.ask(Opcode::RevocationPage, &Empty {}).status(), Status::Ok);
    peer.take_descriptor().expect("the page's descriptor")
}

#[test]
fn the_descriptor_of_the_page_is_for_reading_only() {
    let house = House::open(binary());
    let socket = house.daemon.socket().to_owned();
    let page = spawn_as(ATTACKER, move || {
        let page = page(&socket);
        assert_eq!(write(&page, b"x"), Err(Errno::BADF));
        assert_eq!(pwrite(&page, b"x", 0), Err(Errno::BADF));
        assert_eq!(ftruncate(&page, 0), Err(Errno::INVAL), "not open for writing");
        assert_eq!(
            fallocate(&page, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, 8),
            Err(Errno::BADF)
        );
        assert_eq!(map_writable(page.as_fd()), Err(Errno::ACCESS));
        assert_eq!(make_mapping_writable(page.as_fd()), Err(Errno::ACCESS));
        if are_other_users() {
            assert_eq!(fchmod(&page, Mode::from_raw_mode(0o666)), Err(Errno::PERM));
        }
        page
    });
    let page = page.join().unwrap();
    if !are_other_users() {
        return;
    }
    assert_eq!(reopened(page), "", "the page was opened for writing through its descriptor");

    // The same attempts on a file that is open to all, to see that they would have been noticed.
    let open = house.scratch.write("open to all", [0; 4096]);
    std::fs::set_permissions(&open, Permissions::from_mode(0o666)).unwrap();
    assert_eq!(reopened(File::open(open).unwrap().into()), "appended\ncut\nopened\n");
}

/// What a process of the attacker's user can do with this descriptor as its standard input.
fn reopened(descriptor: OwnedFd) -> String {
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={ATTACKER}")).arg(format!("--regid={ATTACKER}")).arg("--clear-groups");
    command.args(["--", "/bin/sh", "-c", REOPEN]).stdin(descriptor).stderr(Stdio::inherit());
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}
