//! Threads on which control calls are made, kept for the next one.
//!
//! *Rationale.* A run makes some eight control calls. A thread for each costs as much as a thousand messages, and, while
//! several runs go on side by side, holds all of them up: each new stack changes the map of the whole process.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

type Job = Box<dyn FnOnce() + Send>;

/// Helpers that wait for work.
static IDLE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());

/// Runs `job` on a thread that does nothing else until it returns.
///
/// # Errors
/// The system gives no thread.
pub(super) fn run(job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let job: Job = Box::new(job);
    match idle {
        // It waits in `recv`, and goes on waiting for as long as the process lives.
        Some(helper) => helper.send(job).map_err(|_| io::ErrorKind::BrokenPipe.into()),
        None => Builder::new().name("control".to_owned()).spawn(move || work(job)).map(drop),
    }
}

fn work(first: Job) {
    let (send, jobs) = channel::<Job>();
    first();
    loop {
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(send.clone());
        match jobs.recv() {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::current;

    #[test]
    fn a_helper_is_used_again_but_not_while_it_works() {
        let on_which = |wait: Option<std::sync::mpsc::Receiver<()>>| {
            let (tell, told) = channel();
            run(move || {
                tell.send(current().id()).unwrap();
                if let Some(wait) = wait {
                    wait.recv().unwrap();
                }
            })
            .unwrap();
            told.recv().unwrap()
        };
        let (release, wait) = channel();
        let busy = on_which(Some(wait));
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let helper = on_which(None);
            assert_ne!(helper, busy);
            seen.insert(helper);
        }
        assert!(seen.len() < 200, "no helper was used twice");
        release.send(()).unwrap();
    }
}
