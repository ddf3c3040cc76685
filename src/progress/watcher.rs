//! The engine's observer on the command line: display, record of messages, and the user's wish to stop.

use super::display::Display;
use super::events::EventLines;
use crate::engine::{CopyRecord, ExecutionRecord, MessageRecord, Observer, Progress, SoFar, Started};
use crate::judgement::judge;
use crate::supervise::RunJournal;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Watches the runs of a script, one after the other.
#[derive(Debug)]
pub struct Watcher<W> {
    display: Display,
    stop: Arc<AtomicBool>,
    events: Option<EventLines<W>>,
    journal: Option<RunJournal>,
    runs: usize,
}

impl<W: Write> Watcher<W> {
    /// `stop` is true once the user wants to stop; every message is written to `events`, if any.
    pub fn new(display: Display, stop: Arc<AtomicBool>, events: Option<W>) -> Watcher<W> {
        Watcher { display, stop, events: events.map(EventLines::new), journal: None, runs: 0 }
    }

    /// Results are written down there, so that they outlive the process.
    pub fn with_journal(mut self, journal: Option<RunJournal>) -> Watcher<W> {
        self.journal = journal;
        self
    }

    /// Where runs that came to their end are written down.
    pub fn journal(&self) -> Option<&RunJournal> {
        self.journal.as_ref()
    }

    /// A run is over, however it ended.
    pub fn finished(&mut self) {
        self.display.finished();
    }

    /// The user's wish to stop.
    pub fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// A line of its own about what is to come.
    pub fn say(&mut self, text: &str) {
        self.display.announce(text);
    }

    /// Gives back what messages were written to.
    pub fn into_events(self) -> Option<W> {
        self.events.map(|events| events.into)
    }
}

impl<W: Write> Observer for Watcher<W> {
    fn started(&mut self, started: &Started) {
        self.runs += 1;
        self.display.started(started);
        if let Some(journal) = &mut self.journal {
            journal.started();
        }
    }

    fn progress(&mut self, progress: &Progress) -> bool {
        self.display.progress(progress);
        !self.stop.load(Ordering::Relaxed)
    }

    fn log(&mut self, core: &str, level: u32, text: &str) {
        self.display.say(core, level, text);
    }

    fn wants_results(&mut self) -> bool {
        self.journal.as_ref().is_some_and(RunJournal::wants_results)
    }

    fn results_so_far(&mut self, mut so_far: SoFar<'_>) {
        if let Some(journal) = &mut self.journal {
            write_down(&mut so_far, journal);
        }
        if let Some(events) = self.events.as_mut().filter(|_| so_far.dying) {
            // Nobody is left to be told that the disk is full.
            let _ = events.into.flush();
        }
    }

    fn wants_messages(&self) -> bool {
        self.events.is_some()
    }

    fn message(&mut self, record: &MessageRecord<'_>) -> Result<(), String> {
        let run = self.runs.saturating_sub(1);
        self.events.as_mut().map_or(Ok(()), |events| events.write(run, record))
    }

    fn copy(&mut self, record: &CopyRecord<'_>) -> Result<(), String> {
        let run = self.runs.saturating_sub(1);
        self.events.as_mut().map_or(Ok(()), |events| events.write(run, record))
    }

    fn execution(&mut self, record: &ExecutionRecord<'_>) -> Result<(), String> {
        let run = self.runs.saturating_sub(1);
        self.events.as_mut().map_or(Ok(()), |events| events.write(run, record))
    }
}

/// Judges results so far, and writes them down where they outlive the process.
pub fn write_down(so_far: &mut SoFar<'_>, journal: &mut RunJournal) {
    judge(&mut so_far.run, so_far.plan, &so_far.facts);
    journal.results_so_far(&so_far.run);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{ClockKind, Priority};
    use crate::progress::DisplayMode;
    use crate::results::FinalOutcome;
    use serde_json::Value;
    use std::collections::BTreeMap;

    fn started() -> Started {
        Started {
            name: "test".into(),
            core: "mock".into(),
            clock: ClockKind::Virtual,
            seed: 1,
            agents: 1,
            load_ns: None,
            warm_up_ns: 0,
            messages: None,
        }
    }

    fn record<'a>(tags: &'a [String], metadata: &'a BTreeMap<String, Value>) -> MessageRecord<'a> {
        MessageRecord {
            agent: "Agent-1",
            sequence: 3,
            type_name: "direct",
            content: "a \"quoted\"\ntext",
            sender: "Agent-1",
            recipient: "Agent-2",
            message_type: "SYSTEM_TO_AGENT",
            priority: Priority::Urgent,
            tags,
            metadata,
            intended_ns: 5,
            first_accepted_ns: Some(6),
            last_accepted_ns: Some(7),
            ended_ns: 8,
            attempts: 2,
            outcome: FinalOutcome::Failed,
            reason: "network_error",
        }
    }

    #[test]
    fn each_message_is_one_line_with_all_its_fields() {
        let mut watcher = Watcher::new(Display::new(DisplayMode::Silent), Arc::default(), Some(Vec::new()));
        let (tags, metadata) =
            (vec!["SYSTEM".to_owned()], BTreeMap::from([("k".to_owned(), Value::from(1))]));
        for _ in 0..2 {
            watcher.started(&started());
            watcher.message(&record(&tags, &metadata)).unwrap();
            watcher.finished();
        }
        let text = String::from_utf8(watcher.into_events().unwrap()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0]["run"].as_u64(), lines[1]["run"].as_u64()), (Some(0), Some(1)));
        let keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
        let expected = [
            "run",
            "event",
            "agent",
            "sequence",
            "type",
            "content",
            "sender",
            "recipient",
            "message_type",
            "priority",
            "tags",
            "metadata",
            "intended_ns",
            "first_accepted_ns",
            "last_accepted_ns",
            "ended_ns",
            "attempts",
            "outcome",
            "reason",
        ];
        assert_eq!(keys, expected);
        assert_eq!(lines[0]["content"], "a \"quoted\"\ntext");
        assert_eq!((&lines[0]["priority"], &lines[0]["reason"]), (&"urgent".into(), &"network_error".into()));
    }

    #[test]
    fn the_wish_to_stop_is_passed_on() {
        let stop = Arc::new(AtomicBool::new(false));
        let mut watcher: Watcher<Vec<u8>> =
            Watcher::new(Display::new(DisplayMode::Silent), stop.clone(), None);
        assert!(watcher.progress(&Progress::default()));
        stop.store(true, Ordering::Relaxed);
        assert!(!watcher.progress(&Progress::default()));
    }

    #[test]
    fn a_full_disk_ends_the_run() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut watcher = Watcher::new(Display::new(DisplayMode::Silent), Arc::default(), Some(Full));
        let (tags, metadata) = (Vec::new(), BTreeMap::new());
        assert!(watcher.message(&record(&tags, &metadata)).is_err());
    }
}
