//! Answering the calls of a confined process.

use super::deed::Deed;
use super::judge::{Judge, Verdict};
use super::limits::Limits;
use super::listener::Listener;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// A thread that answers a listener.
#[derive(Debug)]
pub struct Watcher(JoinHandle<io::Result<()>>);

impl Watcher {
    /// Answers the calls of `process`, a child of this one. Whatever it tries that it must not, `tried` is told while the
    /// call waits; then the call is refused.
    ///
    /// # Errors
    /// The process cannot be looked into, or the system gives no thread.
    pub fn start(
        listener: Listener,
        limits: Limits,
        process: i32,
        tried: impl FnMut(Deed) + Send + 'static,
    ) -> io::Result<Watcher> {
        let judge = Judge::new(process, limits)?;
        spawn(move || answer(&listener, &judge, None, tried))
    }

    /// Answers the calls of this very process, as soon as it is sent the listener. To be started before
    /// [`confine`](super::confine): under the filter the watcher would wait for itself. `caught` is told before `tried`, and
    /// before the call is refused; it must not allocate.
    ///
    /// *Rationale.* It shares its memory with what it watches, so a core that hunts for it could make it say yes: Landlock
    /// still holds. A watcher in another process cannot be reached.
    ///
    /// # Errors
    /// The process cannot be looked into, or the system gives no thread.
    pub fn within(
        limits: Limits,
        caught: fn(),
        tried: impl FnMut(Deed) + Send + 'static,
    ) -> io::Result<(SyncSender<Listener>, Watcher)> {
        let judge = Judge::new(std::process::id() as i32, limits)?;
        let (send, listener) = sync_channel::<Listener>(1);
        let watcher = spawn(move || match listener.recv() {
            Ok(listener) => answer(&listener, &judge, Some(caught), tried),
            Err(_) => Ok(()),
        })?;
        Ok((send, watcher))
    }

    /// Waits until the process has ended.
    ///
    /// # Errors
    /// The kernel gave none of its calls to look at.
    pub fn join(self) -> io::Result<()> {
        self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn spawn(answer: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<Watcher> {
    Builder::new().name("watcher".to_owned()).spawn(answer).map(Watcher)
}

/// *Rationale.* The listener is dropped with the thread, however that ends: what waits then fails, and nothing goes on.
///
/// A process that forks holds the locks of its allocator. A watcher in the same process (`caught`) must let it go before
/// it allocates.
fn answer(
    listener: &Listener,
    judge: &Judge,
    caught: Option<fn()>,
    mut tried: impl FnMut(Deed),
) -> io::Result<()> {
    while let Some((id, call)) = listener.next()? {
        if let Some(caught) = caught.filter(|_| call.forks()) {
            if listener.still_waits(id) {
                caught();
                listener.refuse(id);
                if let Verdict::Stop(deed) = judge.judge(&call) {
                    tried(deed);
                }
            }
            continue;
        }
        match judge.judge(&call) {
            Verdict::GoOn => listener.go_on(id),
            Verdict::Stop(deed) => {
                // Else the thread has given the call up, and may make it again.
                if listener.still_waits(id) {
                    tried(deed);
                }
                listener.refuse(id);
            }
        }
    }
    Ok(())
}
