//! A thread that keeps what is the user's out of the reach of cores: its descriptors, its working folder and its file
//! mode are its own from before the first core is loaded.
//!
//! *Rationale.* A core may close every descriptor from 3 on, as programs do that become daemons, or change the working
//! folder. What the run is to leave behind must not be lost by it, and no file that a core opens later may stand under
//! the number of one of ours. Where the system gives no such thread, all is done where it is asked for.

use super::whole;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

static KEEPER: OnceLock<Sender<Job>> = OnceLock::new();

thread_local! {
    static IS_KEEPER: Cell<bool> = const { Cell::new(false) };
}

/// Starts the thread. To be called before the first core is loaded; the first call counts.
///
/// # Errors
/// The system gives no thread, or none with descriptors of its own.
pub fn start() -> io::Result<()> {
    let (send, jobs) = channel::<Job>();
    let (ready, is_ready) = sync_channel(1);
    thread::Builder::new().name("keeper".to_owned()).spawn(move || {
        let apart = stand_apart();
        let works = apart.is_ok();
        let _ = ready.send(apart);
        if works {
            IS_KEEPER.set(true);
            jobs.into_iter().for_each(|job| job());
        }
    })?;
    is_ready.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))?;
    let _ = KEEPER.set(send);
    Ok(())
}

/// From here on the calling thread shares neither descriptors nor working folder nor file mode with any other.
#[cfg(target_os = "linux")]
fn stand_apart() -> io::Result<()> {
    // SAFETY: the thread is new and holds no descriptor of which another thread could make use.
    match unsafe { libc::unshare(libc::CLONE_FILES | libc::CLONE_FS) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(not(target_os = "linux"))]
fn stand_apart() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does `work` on the keeper's thread and waits for it; here, if there is none.
pub fn at<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let Some(keeper) = KEEPER.get().filter(|_| !IS_KEEPER.get()) else { return work() };
    let (send, receive) = sync_channel(1);
    let job: Job = Box::new(move || drop(send.send(catch_unwind(AssertUnwindSafe(work)))));
    let sent = keeper.send(job).map(|()| receive.recv());
    match sent {
        Ok(Ok(Ok(value))) => value,
        Ok(Ok(Err(panic))) => resume_unwind(panic),
        Ok(Err(_)) | Err(_) => unreachable!("the keeper takes work as long as the process lives"),
    }
}

/// A file that is written to on the keeper's thread. Writing waits where the other end is slow, whether or not somebody
/// has said that it must not.
#[derive(Debug)]
pub struct KeptFile(Option<Arc<File>>);

impl KeptFile {
    /// A file that was opened before the keeper was started.
    pub fn new(file: File) -> KeptFile {
        KeptFile(Some(Arc::new(file)))
    }

    /// The file, for whoever works where no core is.
    pub fn file(&self) -> &File {
        self.shared()
    }

    fn shared(&self) -> &Arc<File> {
        self.0.as_ref().expect("a kept file is there until it is dropped")
    }

    /// Closes the descriptor everywhere but on the keeper's thread: no core finds it. To be called once, after the
    /// keeper was started; without one it does nothing.
    #[cfg(unix)]
    pub fn keep_apart(&self) {
        use std::os::fd::AsRawFd;
        if KEEPER.get().is_some() {
            // SAFETY: the keeper has a copy under the same number, and only there is it used and closed from now on.
            let _ = unsafe { libc::close(self.shared().as_raw_fd()) };
        }
    }

    #[cfg(not(unix))]
    #[allow(missing_docs)]
    pub fn keep_apart(&self) {}

    /// Writes all of it.
    ///
    /// # Errors
    /// The disk is full, the reader is gone, and the like.
    pub fn write_whole(&self, bytes: Vec<u8>) -> io::Result<()> {
        let file = Arc::clone(self.shared());
        at(move || whole::write_whole(&*file, &bytes))
    }

    /// Looks at the file on the keeper's thread.
    pub fn look<T: Send + 'static>(&self, look: impl FnOnce(&File) -> T + Send + 'static) -> T {
        let file = Arc::clone(self.shared());
        at(move || look(&file))
    }
}

impl Write for KeptFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_whole(bytes.to_vec())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for KeptFile {
    fn drop(&mut self) {
        let file = self.0.take();
        at(move || drop(file));
    }
}
