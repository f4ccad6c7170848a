//! A disk as the database and the daemon open it.

use super::{Call, Failure, Pending, SimulatedDisk, error, no_power};
use apikeyd::operations::{Disk, OpenError, StorageBackend};
use std::fs::File;
use std::io;
use std::path::Path;

/// An open file of a disk.
#[derive(Debug)]
pub(crate) struct Handle(pub(super) SimulatedDisk);

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        let state = self.0.state();
        if state.dead { Err(no_power()) } else { Ok(state.live.len() as u64) }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.state();
        if state.dead {
            return Err(no_power());
        }
        if let Some(failure) = state.meet(Call::Read) {
            return Err(error(failure));
        }
        let start = place(offset);
        let bytes = state.live.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.0.state();
        let cut = state.begin(Call::SetLen, len, &[])?;
        if let Some(failure) = state.meet(Call::SetLen) {
            return Err(error(failure));
        }
        state.live.resize(place(len), 0);
        state.pending.push(Pending::Length(place(len)));
        if cut { Err(no_power()) } else { Ok(()) }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.state();
        if state.begin(Call::Sync, 0, &[])? {
            return Err(no_power());
        }
        match state.meet(Call::Sync) {
            None => state.sync(),
            Some(failure) => {
                if failure == Failure::DropPages {
                    state.drop_pages();
                }
                return Err(error(failure));
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.0.state();
        let cut = state.begin(Call::Write, offset, data)?;
        match state.meet(Call::Write) {
            None => state.write(place(offset), data),
            Some(failure) => {
                if failure == Failure::Short {
                    state.write(place(offset), &data[..data.len() / 3]);
                }
                return Err(error(failure));
            }
        }
        if cut { Err(no_power()) } else { Ok(()) }
    }
}

impl Disk for SimulatedDisk {
    fn path(&self) -> &Path {
        Path::new("the simulated disk")
    }

    fn attach(&self) -> Result<Box<dyn StorageBackend>, OpenError> {
        Ok(self.backend())
    }

    fn attach_reader(&self) -> Result<Box<dyn StorageBackend>, OpenError> {
        Ok(self.backend())
    }

    fn probe(&self) -> io::Result<()> {
        let state = self.state();
        match state.fault {
            _ if state.dead => Err(no_power()),
            Some(fault) if fault.lasting && fault.after == 0 && fault.call != Call::Read => {
                Err(error(fault.failure))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn forget_cached(&self) {
        let mut state = self.state();
        let mut live = state.durable.clone();
        state.pending.iter().for_each(|pending| pending.apply(&mut live));
        state.live = live;
    }

    fn scratch(&self) -> io::Result<File> {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        Ok(rustix::fs::memfd_create("copy", flags)?.into())
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("a file fits into memory")
}
