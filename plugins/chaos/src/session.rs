//! The layer's session: what is offered, what comes back, in that order.

use crate::answers::{Answers, Change};
use crate::luck::Lucks;
use crate::notices::{Kind, Notices};
use crate::options::Settings;
use crate::receiver::{Receiver, View};
use crate::throttle::Excess;
use mqscript_plugin::prelude::*;

/// Interned reasons of refused attempts.
#[derive(Debug, Clone, Copy)]
pub struct Reasons {
    /// By [`Kind`]: those that refuse.
    by_kind: [u32; Kind::ALL.len()],
}

impl Reasons {
    /// Interns the reasons of one run.
    pub fn new(host: &Host) -> Reasons {
        let refusing = [
            (Kind::Crash, "chaos_crash"),
            (Kind::Refuse, "chaos_refuse"),
            (Kind::Uncertain, "chaos_uncertain"),
            (Kind::Outage, "chaos_outage"),
            (Kind::Throttle, "chaos_throttle"),
            (Kind::Burst, "chaos_burst"),
        ];
        let mut by_kind = [0; Kind::ALL.len()];
        for (kind, reason) in refusing {
            by_kind[kind as usize] = host.intern(reason);
        }
        Reasons { by_kind }
    }

    /// The reason of attempts that this kind refuses.
    pub fn of(&self, kind: Kind) -> u32 {
        self.by_kind[kind as usize]
    }
}

/// What is decided for one attempt before it is offered below.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// The layer refuses the attempt.
    Refused(Kind),
    /// It goes on, and its outcome comes so late or not at all.
    Passes { spike_ns: u64, delay_ns: u64, uncertain: bool },
}

#[derive(Debug, Clone, Copy)]
struct Planned {
    fate: Fate,
    /// The attempt counts against the throttle.
    metered: bool,
}

/// A session of the chaos layer.
#[derive(Debug)]
pub struct ChaosSession {
    /// Nothing is ever done: every call goes straight through.
    calm: bool,
    /// Copies are looked at.
    receives: bool,
    flushed: bool,
    inner: Inner,
    settings: Settings,
    lucks: Lucks,
    notices: Notices,
    reasons: Reasons,
    planned: Vec<Planned>,
    answers: Answers,
    receiver: Receiver,
}

impl ChaosSession {
    /// Over `inner`, with settings whose times are since the origin.
    pub fn new(
        inner: Inner,
        settings: Settings,
        lucks: Lucks,
        notices: Notices,
        reasons: Reasons,
        run: &Run,
    ) -> ChaosSession {
        ChaosSession {
            calm: settings.is_calm(),
            receives: run.receive(),
            flushed: false,
            inner,
            lucks,
            notices,
            planned: Vec::new(),
            answers: Answers::new(reasons.of(Kind::Uncertain)),
            receiver: Receiver::new(run),
            reasons,
            settings,
        }
    }
}

impl Session for ChaosSession {
    #[inline]
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        if self.calm {
            return self.inner.publish(now_ns, messages, out);
        }
        self.publish_some(now_ns, messages, out)
    }

    #[inline]
    fn poll<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        if self.calm {
            return self.inner.poll(now_ns, out);
        }
        self.begin(now_ns, out);
        let mark = out.mark();
        if self.answers.catch_up(out) && !self.receiver.is_behind() {
            let mark = out.mark();
            if self.receiver.swallowed.is_empty() {
                self.inner.poll(now_ns, out)?;
            } else {
                // "Valid until the next call on the session": one call below for each call here.
                let tags = std::mem::take(&mut self.receiver.swallowed);
                self.inner.acknowledge(now_ns, Settlement::Acknowledge, &tags, out)?;
                out.more();
            }
            self.answers.amend(now_ns, mark, &mut self.settings, out);
        }
        self.finish(now_ns, mark, out);
        Ok(())
    }

    fn acknowledge<'s>(
        &'s mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        out: &mut Out<'s>,
    ) -> Result<(), Error> {
        if self.calm {
            return self.inner.acknowledge(now_ns, how, tags, out);
        }
        self.begin(now_ns, out);
        let mark = out.mark();
        if how != Settlement::Acknowledge || self.receiver.swallowed.is_empty() {
            self.inner.acknowledge(now_ns, how, tags, out)?;
        } else {
            // One call below for each call here, as in `poll`: what was swallowed waits for one of this kind.
            let mut all = std::mem::take(&mut self.receiver.swallowed);
            all.extend_from_slice(tags);
            self.inner.acknowledge(now_ns, how, &all, out)?;
        }
        self.answers.amend(now_ns, mark, &mut self.settings, out);
        self.finish(now_ns, mark, out);
        Ok(())
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), Error> {
        // The host flushes the core below itself, and polls afterwards.
        self.flushed = true;
        self.receiver.flush();
        Ok(())
    }
}

impl ChaosSession {
    /// Tells of outages, and asks to be called when the next one begins or ends.
    fn begin(&mut self, now_ns: u64, out: &mut Out<'_>) {
        self.receiver.begin();
        for outage in &mut self.settings.outages {
            match outage.announce(now_ns, &self.notices) {
                // Once nothing more is generated, a next beginning is nothing to wait for.
                Some((at_ns, is_end)) if is_end || !self.flushed => out.poll_by(at_ns),
                _ => {}
            }
        }
    }

    /// Does to copies what befalls them; the last thing in every call.
    fn finish<'s>(&'s mut self, now_ns: u64, mark: mqscript_plugin::Mark, out: &mut Out<'s>) {
        if self.receives {
            let (settings, lucks, notices) = (&mut self.settings, &self.lucks, &self.notices);
            self.receiver.pass(now_ns, mark, View { settings, lucks, notices }, out);
        }
    }

    fn publish_some<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        self.begin(now_ns, out);
        let mark = out.mark();
        if !self.answers.catch_up(out) || self.receiver.is_behind() {
            self.finish(now_ns, mark, out);
            return Ok(0);
        }
        let cut_short = self.plan(now_ns, messages);
        let offered = &messages[..self.planned.len()];
        let mark = out.mark();
        let accepted = self.offer(now_ns, offered, out)?;
        self.note(now_ns, &offered[..accepted]);
        self.answers.amend(now_ns, mark, &mut self.settings, out);
        for (message, planned) in offered[..accepted].iter().zip(&self.planned) {
            if let Fate::Refused(kind) = planned.fate {
                self.answers.refuse(message.token(), self.reasons.of(kind), now_ns, out);
            }
        }
        if cut_short && let Some(throttle) = &self.settings.throttle {
            out.poll_by(throttle.next_ns());
            let (waiting, all) = (messages.len() - accepted, messages.len());
            self.notices.tell(Kind::Throttle, now_ns, || format!("{waiting} of {all} offered wait"));
        }
        self.finish(now_ns, mark, out);
        Ok(accepted as u32)
    }

    /// Decides for each message what befalls it. Where the throttle lets no more pass it stops: then, `true`.
    fn plan(&mut self, now_ns: u64, messages: &[Message<'_>]) -> bool {
        self.planned.clear();
        let mut room = self.settings.throttle.as_ref().map_or(u64::MAX, |throttle| throttle.room(now_ns));
        for message in messages {
            let (type_id, recipient) = (message.type_id(), message.recipient_id());
            let mut outages = self.settings.outages.iter_mut();
            if outages.any(|outage| outage.refuses(type_id, recipient, now_ns)) {
                self.planned.push(Planned { fate: Fate::Refused(Kind::Outage), metered: false });
                continue;
            }
            let throttle = self.settings.throttle.as_ref();
            let limit = throttle.filter(|throttle| throttle.scope.covers(type_id, recipient, now_ns));
            if let Some(limit) = limit {
                if room == 0 {
                    if limit.excess == Excess::Waits {
                        return true;
                    }
                    self.planned.push(Planned { fate: Fate::Refused(Kind::Throttle), metered: false });
                    continue;
                }
                room -= 1;
            }
            let metered = limit.is_some();
            let fate = self.fate(now_ns, message);
            self.planned.push(Planned { fate, metered });
        }
        false
    }

    fn fate(&mut self, now_ns: u64, message: &Message<'_>) -> Fate {
        let (type_id, recipient) = (message.type_id(), message.recipient_id());
        let luck = self.lucks.of_message(message);
        if let Some(burst) = &mut self.settings.burst
            && burst.scope.covers(type_id, recipient, now_ns)
        {
            let share = if burst.bad_spans.around(now_ns).is_some() { burst.bad } else { burst.good };
            if share.hits(luck.burst) {
                return Fate::Refused(Kind::Burst);
            }
        }
        let uncertain = match self.settings.sending.strikes(luck.fault, type_id, recipient, now_ns) {
            Some(0) => return Fate::Refused(Kind::Crash),
            Some(1) => return Fate::Refused(Kind::Refuse),
            struck => struck.is_some(),
        };
        let late = luck.lateness(&self.settings, type_id, recipient, now_ns);
        Fate::Passes { spike_ns: late.spike_ns, delay_ns: late.delay_ns, uncertain }
    }

    /// Offers those that pass to the core below, and says how many of all are accepted.
    fn offer(&mut self, now_ns: u64, offered: &[Message<'_>], out: &mut Out<'_>) -> Result<usize, Error> {
        let passes = |planned: &Planned| matches!(planned.fate, Fate::Passes { .. });
        if self.planned.iter().all(passes) {
            return match offered {
                [] => Ok(0),
                _ => Ok(self.inner.publish(now_ns, offered, out)? as usize),
            };
        }
        let passing: Vec<Message<'_>> = offered
            .iter()
            .zip(&self.planned)
            .filter(|(_, planned)| passes(planned))
            .map(|(m, _)| *m)
            .collect();
        if passing.is_empty() {
            return Ok(offered.len());
        }
        let taken = self.inner.publish(now_ns, &passing, out)? as usize;
        // "The accepted prefix" ends before the first that the core below did not take.
        let refused_below = self.planned.iter().enumerate().filter(|(_, planned)| passes(planned)).nth(taken);
        Ok(refused_below.map_or(offered.len(), |(index, _)| index))
    }

    /// Tells of what befell accepted attempts, and remembers what is to be done to their outcomes.
    fn note(&mut self, now_ns: u64, accepted: &[Message<'_>]) {
        let holds = self.settings.holds();
        let mut metered = 0;
        for (message, planned) in accepted.iter().zip(&self.planned) {
            let (stamp, type_id, recipient) = (message.stamp(), message.type_id(), message.recipient_id());
            metered += u64::from(planned.metered);
            let tell = |kind: Kind| self.notices.tell_of(kind, now_ns, &stamp, recipient);
            match planned.fate {
                // The outage itself is told, not everything that it refuses.
                Fate::Refused(Kind::Outage) => {}
                Fate::Refused(kind) => tell(kind),
                Fate::Passes { spike_ns, delay_ns, uncertain } => {
                    let later_ns = spike_ns.saturating_add(delay_ns);
                    for (kind, happens) in [
                        (Kind::Spike, spike_ns > 0),
                        (Kind::Delay, delay_ns > 0),
                        (Kind::Uncertain, uncertain),
                    ] {
                        if happens {
                            tell(kind);
                        }
                    }
                    if holds || uncertain || later_ns > 0 {
                        let change = Change { later_ns, uncertain, type_id, recipient };
                        self.answers.change(message.token(), change);
                    }
                }
            }
        }
        if let Some(throttle) = &mut self.settings.throttle {
            throttle.passed(now_ns, metered);
        }
    }
}
