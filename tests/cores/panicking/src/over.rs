//! A layer: every outcome comes a microsecond later, every second copy is swallowed, and of each batch only the
//! first half is passed on at a time.

use mqscript_plugin::LogLevel;
use mqscript_plugin::prelude::*;

pub struct Over {
    host: Host,
    swallowed: u32,
}

pub struct OverSession {
    inner: Inner,
    host: Host,
    swallowed: u32,
    kind: u32,
}

impl Core for Over {
    const ID: &'static str = "over";
    const SUMMARY: &'static str = "Delays outcomes and swallows copies";
    const OPTIONS_SCHEMA: &'static str = r#"{ "type": "object", "properties": {} }"#;
    const CAPABILITIES: Capabilities =
        Capabilities::LAYER.and(Capabilities::SIMULATED).and(Capabilities::RECEIVES);
    type Session = OverSession;

    fn create(_options: Options, run: Run, host: Host) -> Result<Self, Error> {
        host.log(LogLevel::Info, &format!("{} {} {}", run.party_name(0), run.types()[1].name, run.number()));
        Ok(Over { host, swallowed: run.parties() })
    }

    fn open(&mut self, open: Open) -> Result<OverSession, Error> {
        let inner = open.inner.ok_or_else(|| Error::config("a layer needs a core below"))?;
        let kind = self.host.intern("swallowed");
        Ok(OverSession { inner, host: self.host.clone(), swallowed: 0, kind })
    }

    fn stats(&mut self) -> Result<Options, Error> {
        let mut stats = Options::new();
        stats.insert("parties".to_owned(), self.swallowed.into());
        Ok(stats)
    }
}

impl Session for OverSession {
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        let mark = out.mark();
        let half = messages.len().div_ceil(2);
        let accepted = self.inner.publish(now_ns, &messages[..half], out)?;
        for outcome in out.outcomes_since(mark) {
            outcome.at_ns += 1_000;
        }
        let copies = out.deliveries_since(mark).len();
        for index in (0..copies).rev().filter(|index| index % 2 == 1) {
            out.swallow(mark, index);
            self.swallowed += 1;
            self.host.event(self.kind, now_ns, "");
        }
        Ok(accepted)
    }

    fn poll<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        self.inner.poll(now_ns, out)
    }

    fn acknowledge<'s>(
        &'s mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        out: &mut Out<'s>,
    ) -> Result<(), Error> {
        self.inner.acknowledge(now_ns, how, tags, out)
    }
}
