//! Reading with a time limit and interruption, from sources that may never answer.
//!
//! No read blocks. Interpreting the bytes is left to others.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use evenkeel_host::Interruption;

/// Interval of checking for an interruption.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// Reader of a pipe or another blocking source.
pub struct Patient<R> {
    inner: R,
    patience: Option<Duration>,
    interruption: Interruption,
}

impl<R> Patient<R> {
    /// Creates a reader that waits this long for each piece; without limit when `None`.
    pub fn new(inner: R, patience: Option<Duration>, interruption: &Interruption) -> Self {
        Self {
            inner,
            patience,
            interruption: interruption.clone(),
        }
    }
}

impl<R: Read + AsFd> Read for Patient<R> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        // An unrepresentable time limit is none.
        let deadline = self
            .patience
            .and_then(|patience| Instant::now().checked_add(patience));
        loop {
            // Not `ErrorKind::Interrupted`, which callers retry.
            if self.interruption.is_set() {
                return Err(io::Error::other("interrupted"));
            }
            let ready = {
                let mut watched = [PollFd::new(&self.inner, PollFlags::IN)];
                match poll(&mut watched, Some(&TICK)) {
                    Ok(ready) => ready > 0,
                    Err(Errno::INTR) => false,
                    Err(errno) => return Err(errno.into()),
                }
            };
            if ready {
                match self.inner.read(space) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    other => return other,
                }
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(ErrorKind::TimedOut.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Patient;
    use evenkeel_host::Interruption;
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::time::Duration;

    #[test]
    fn available_bytes_are_read_and_silence_times_out() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"said").unwrap();
        let patience = Some(Duration::from_millis(1));
        let mut patient = Patient::new(reader, patience, &Interruption::default());
        let mut space = [0; 16];
        assert_eq!(patient.read(&mut space).unwrap(), 4);
        let error = patient.read(&mut space).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        drop(writer);
        assert_eq!(patient.read(&mut space).unwrap(), 0);
    }

    #[test]
    fn an_interruption_ends_an_endless_wait() {
        let (reader, writer) = std::io::pipe().unwrap();
        let interruption = Interruption::default();
        let mut patient = Patient::new(reader, None, &interruption);
        interruption.interrupt();
        assert!(patient.read_to_end(&mut Vec::new()).is_err());
        drop(writer);
    }
}
