//! The thread on which the client works, and how other threads give it work.

use mqscript_plugin::prelude::*;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The longest wait for blocking work at the end.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// The thread with the async runtime. Dropping it ends all jobs.
#[derive(Debug)]
pub struct Reactor {
    handle: Handle,
    jobs: Option<UnboundedSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Reactor {
    /// Starts the thread. A job that panics ends it, and the session's next call reports that.
    pub fn start(host: &Host) -> Result<Reactor, Error> {
        let failed = |what: &str, error: std::io::Error| {
            Error::new(Status::INTERNAL, format!("the system gives no {what}: {error}"))
        };
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| failed("poller", error))?;
        let handle = runtime.handle().clone();
        let (jobs, receiver) = unbounded_channel();
        let thread = host
            .spawn("nats", move || drive(runtime, receiver))
            .map_err(|error| failed("thread for the client", error))?;
        Ok(Reactor { handle, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs a job on the thread and waits for its result. Must not be called on that thread itself.
    pub fn wait_for<T>(&self, job: impl Future<Output = T>) -> T {
        self.handle.block_on(job)
    }

    /// Starts a job, without waiting for it.
    pub fn start_job(&self, job: impl Future<Output = ()> + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // This fails only if the thread has panicked, which is reported elsewhere.
            let _ = jobs.send(Box::pin(job));
        }
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // The session's next call has already reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

fn drive(runtime: Runtime, mut receiver: UnboundedReceiver<Job>) {
    let panicked = runtime.block_on(async {
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                job = receiver.recv() => match job {
                    Some(job) => drop(running.spawn(job)),
                    None => return None,
                },
                Some(ended) = running.join_next(), if !running.is_empty() => {
                    if let Some(panic) = ended.err().and_then(|error| error.try_into_panic().ok()) {
                        return Some(panic);
                    }
                }
            }
        }
    });
    runtime.shutdown_timeout(LAST_WAIT);
    if let Some(panic) = panicked {
        resume_unwind(panic);
    }
}
