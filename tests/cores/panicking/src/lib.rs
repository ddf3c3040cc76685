//! A core that panics where its options say: in `create`, `prepare`, `open`, `publish`, `poll`, on a thread of
//! its own, or when it is dropped. Otherwise it delivers everything at once.
//!
//! Beside it `over`, a layer that delays, swallows and speaks of what it does, and `late`, which answers when it is
//! polled.
#![forbid(unsafe_code)]

mod late;
mod over;

use late::Late;
use over::Over;

use mqscript_plugin::prelude::*;

struct Panicking {
    place: String,
    host: Host,
}

struct PanickingSession {
    place: String,
    published: u32,
    host: Host,
}

fn panic_if(place: &str, here: &str) {
    assert!(place != here, "told to panic in {here}");
}

impl Core for Panicking {
    const ID: &'static str = "panicking";
    const SUMMARY: &'static str = "Panics where it is told to";
    const OPTIONS_SCHEMA: &'static str = r#"{
        "type": "object",
        "properties": { "place": { "type": "string", "description": "Where to panic", "default": "nowhere" } }
    }"#;
    const CAPABILITIES: Capabilities = Capabilities::SIMULATED;
    type Session = PanickingSession;

    fn create(options: Options, _run: Run, host: Host) -> Result<Self, Error> {
        let place = options["place"].as_str().unwrap_or_default().to_owned();
        panic_if(&place, "create");
        Ok(Panicking { place, host })
    }

    fn prepare(&mut self) -> Result<(), Error> {
        panic_if(&self.place, "prepare");
        Ok(())
    }

    fn open(&mut self, _open: Open) -> Result<PanickingSession, Error> {
        panic_if(&self.place, "open");
        Ok(PanickingSession { place: self.place.clone(), published: 0, host: self.host.clone() })
    }
}

impl Session for PanickingSession {
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        for message in messages {
            self.published += 1;
            // In the middle of a batch: what was said before still counts.
            if self.published > 2 {
                panic_if(&self.place, "publish");
            }
            out.outcome(message.token(), OutcomeResult::Delivered, 0, now_ns);
        }
        if self.place == "thread" {
            let thread = self.host.spawn("worker", || panic!("told to panic on a thread"));
            let _ = thread.map(|thread| thread.join());
        }
        Ok(messages.len() as u32)
    }

    fn poll<'s>(&'s mut self, _now_ns: u64, _out: &mut Out<'s>) -> Result<(), Error> {
        panic_if(&self.place, "poll");
        Ok(())
    }
}

impl Drop for PanickingSession {
    fn drop(&mut self) {
        panic_if(&self.place, "close");
    }
}

impl Drop for Panicking {
    fn drop(&mut self) {
        panic_if(&self.place, "destroy");
    }
}

mqscript_plugin::export_core!(Panicking, Over, Late);
