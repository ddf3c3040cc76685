//! What the groups of a run ask for their agents, and how a consumer of the stream expresses it.

use crate::options::Settings;
use mqscript_plugin::abi;
use mqscript_plugin::prelude::*;
use mqscript_plugin::{Group, Run};
use std::ops::Range;
use std::time::Duration;

/// The most unsettled copies of an agent whose group does not say: what NATS's own clients take by default.
const PREFETCH: u32 = 500;
/// The shortest lease. With a shorter one, copies would be handed out for ever.
const LEASE_MIN_NS: u64 = 10_000_000;
/// The wait that stands for no end. *Rationale.* The server keeps waits as 64-bit nanoseconds, at most 292 years, and adds
/// to them; with a hundred years nothing overflows.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
/// A bound on hand-overs that is none. The server takes a list of waits only together with a bound.
const NO_BOUND: i64 = i32::MAX as i64;

/// What holds for the copies of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerTerms {
    /// The most unsettled copies of the agent.
    pub prefetch: u32,
    /// How long a copy may be unsettled, in nanoseconds; [`abi::NEVER`] = for ever.
    pub lease_ns: u64,
    /// The most hand-overs of a copy.
    pub max_deliveries: Option<u32>,
    /// The delays before the second, the third and each later hand-over, in nanoseconds.
    redelivery_ns: Vec<u64>,
}

/// How a consumer of the server expresses the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// The time after which an unsettled copy is handed over again.
    pub ack_wait: Duration,
    /// The same by the number of the hand-over, where it is not always the same.
    pub backoff: Vec<Duration>,
    /// The most hand-overs; 0 = no bound.
    pub max_deliver: i64,
}

impl ConsumerTerms {
    fn of_medium(settings: &Settings) -> ConsumerTerms {
        let lease_ns = settings.ack_wait.as_nanos() as u64;
        ConsumerTerms { prefetch: PREFETCH, lease_ns, max_deliveries: None, redelivery_ns: Vec::new() }
    }

    fn of_group(group: &Group, settings: &Settings) -> Result<ConsumerTerms, Error> {
        let medium = ConsumerTerms::of_medium(settings);
        let terms = ConsumerTerms {
            prefetch: group.prefetch.unwrap_or(medium.prefetch),
            lease_ns: group.lease_ns.unwrap_or(medium.lease_ns),
            max_deliveries: group.max_deliveries,
            redelivery_ns: group.redelivery_ns.clone(),
        };
        if terms.lease_ns < LEASE_MIN_NS {
            let lease = Duration::from_nanos(terms.lease_ns);
            return Err(Error::config(format!(
                "the group `{}`: its lease of {lease:?} is too short for this core; write `lease: \"10ms\"` or more",
                group.name
            )));
        }
        Ok(terms)
    }

    /// The delay before the hand-over after the first `handed_over` ones, in nanoseconds.
    fn redelivery_after_ns(&self, handed_over: u32) -> u64 {
        let last = self.redelivery_ns.len().saturating_sub(1);
        let place = (handed_over.saturating_sub(1) as usize).min(last);
        self.redelivery_ns.get(place).copied().unwrap_or(0)
    }

    /// The delays that differ from hand-over to hand-over, as far as hand-overs are allowed.
    fn delays_ns(&self) -> &[u64] {
        let again = self.max_deliveries.map_or(usize::MAX, |max| max.saturating_sub(1) as usize);
        &self.redelivery_ns[..self.redelivery_ns.len().min(again)]
    }

    /// Whether the server must be given a list of waits.
    fn has_backoff(&self) -> bool {
        let delays = self.delays_ns();
        self.lease_ns != abi::NEVER && delays.iter().any(|delay| *delay != delays[0])
    }

    /// What the server is told. *Rationale.* It hands a copy over again when the wait is over, and knows no delay after that.
    /// So the wait is the lease and the delay together.
    pub fn waits(&self) -> Waits {
        let bound = self.max_deliveries.map(i64::from);
        if self.lease_ns == abi::NEVER {
            return Waits { ack_wait: FOR_EVER, backoff: Vec::new(), max_deliver: bound.unwrap_or(0) };
        }
        let wait = |delay_ns: u64| Duration::from_nanos(self.lease_ns.saturating_add(delay_ns)).min(FOR_EVER);
        let delays = self.delays_ns();
        let ack_wait = wait(delays.first().copied().unwrap_or(0));
        match self.has_backoff() {
            true => Waits {
                ack_wait,
                backoff: delays.iter().map(|delay_ns| wait(*delay_ns)).collect(),
                max_deliver: bound.unwrap_or(NO_BOUND),
            },
            false => Waits { ack_wait, backoff: Vec::new(), max_deliver: bound.unwrap_or(0) },
        }
    }

    /// The delay to ask for when a copy is given back that was handed over so often, in nanoseconds; `None` = at once.
    ///
    /// *Rationale.* After the last hand-over there is nothing to wait for. With a list of waits, the server adds to the
    /// delay by how much the wait of this hand-over is longer than the first wait, so the first delay is asked for.
    pub fn give_back_delay_ns(&self, handed_over: u32) -> Option<u64> {
        if self.max_deliveries.is_some_and(|max| handed_over >= max) {
            return None;
        }
        if self.has_backoff() {
            return self.redelivery_ns.first().copied();
        }
        Some(self.redelivery_after_ns(handed_over)).filter(|delay_ns| *delay_ns > 0)
    }
}

/// A queue that the agents of a group have together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedQueue {
    /// The party to which its messages are addressed.
    pub party: u32,
    /// Those who read it.
    pub agents: Range<u32>,
}

/// The terms of all agents of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTerms {
    /// The different terms.
    terms: Vec<ConsumerTerms>,
    /// For each agent the index of its terms.
    by_agent: Vec<u32>,
    /// The queues that agents have together.
    pub queues: Vec<SharedQueue>,
}

impl RunTerms {
    /// Reads the groups of a run. `None` if the host says nothing about them.
    pub fn of(run: &Run, settings: &Settings) -> Result<Option<RunTerms>, Error> {
        if run.groups().is_empty() {
            return Ok(None);
        }
        let mut all = RunTerms {
            terms: vec![ConsumerTerms::of_medium(settings)],
            by_agent: vec![0; run.agents() as usize],
            queues: Vec::new(),
        };
        for group in run.groups() {
            let agents = group.agents.clone();
            let places = all.by_agent.get_mut(agents.start as usize..agents.end as usize);
            let is_queue = |party: u32| party >= run.agents() && party < run.parties();
            let (Some(places), true) = (places, group.queue.is_none_or(is_queue)) else {
                let text = format!("the group `{}` is not of this run", group.name);
                return Err(Error::new(Status::INVALID, text));
            };
            places.fill(all.terms.len() as u32);
            all.terms.push(ConsumerTerms::of_group(group, settings)?);
            all.queues.extend(group.queue.map(|party| SharedQueue { party, agents }));
        }
        Ok(Some(all))
    }

    /// The terms of an agent.
    pub fn of_agent(&self, agent: u32) -> &ConsumerTerms {
        &self.terms[self.by_agent[agent as usize] as usize]
    }

    /// The number of agents.
    pub fn agents(&self) -> u32 {
        self.by_agent.len() as u32
    }

    /// Whether an agent reads a queue together with others, and so has none of its own.
    pub fn shares(&self, agent: u32) -> bool {
        self.queues.iter().any(|queue| queue.agents.contains(&agent))
    }
}

/// What a group asks that the server does only with JetStream: the first wish, in the words of a scenario.
pub fn needs_jetstream(group: &Group) -> Option<&'static str> {
    let wishes = [
        (group.queue.is_some(), "`queue: \"shared\"`"),
        (group.prefetch.is_some(), "`prefetch`"),
        (group.lease_ns.is_some(), "`lease`"),
        (group.max_deliveries.is_some(), "`max_deliveries`"),
        (!group.redelivery_ns.is_empty(), "`redelivery`"),
    ];
    wishes.into_iter().find(|(asked, _)| *asked).map(|(_, wish)| wish)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn terms(lease_ms: u64, max_deliveries: Option<u32>, delays_ms: &[u64]) -> ConsumerTerms {
        ConsumerTerms {
            prefetch: 1,
            lease_ns: lease_ms * MS,
            max_deliveries,
            redelivery_ns: delays_ms.iter().map(|delay| delay * MS).collect(),
        }
    }

    fn waits_ms(terms: &ConsumerTerms) -> (u128, Vec<u128>, i64) {
        let waits = terms.waits();
        let backoff = waits.backoff.iter().map(Duration::as_millis).collect();
        (waits.ack_wait.as_millis(), backoff, waits.max_deliver)
    }

    #[test]
    fn a_wait_is_the_lease_and_the_delay() {
        assert_eq!(waits_ms(&terms(100, None, &[])), (100, vec![], 0));
        assert_eq!(waits_ms(&terms(100, Some(5), &[20])), (120, vec![], 5));
        assert_eq!(waits_ms(&terms(100, None, &[20, 20])), (120, vec![], 0));
        assert_eq!(waits_ms(&terms(100, None, &[20, 50])), (120, vec![120, 150], NO_BOUND));
        // The server wants fewer waits than hand-overs.
        assert_eq!(waits_ms(&terms(100, Some(3), &[20, 50, 70])), (120, vec![120, 150], 3));
        assert_eq!(waits_ms(&terms(100, Some(2), &[20, 50])), (120, vec![], 2));
        assert_eq!(waits_ms(&terms(100, Some(1), &[20])), (100, vec![], 1));
        let never = ConsumerTerms { lease_ns: abi::NEVER, ..terms(0, Some(4), &[20, 50]) };
        assert_eq!(never.waits(), Waits { ack_wait: FOR_EVER, backoff: vec![], max_deliver: 4 });
    }

    #[test]
    fn what_is_given_back_comes_after_its_delay() {
        let asked = |terms: &ConsumerTerms| {
            [1, 2, 3, 9].map(|times| terms.give_back_delay_ns(times).map(|delay_ns| delay_ns / MS))
        };
        assert_eq!(asked(&terms(100, None, &[])), [None; 4]);
        assert_eq!(asked(&terms(100, Some(3), &[20])), [Some(20), Some(20), None, None]);
        // The server adds 0, 30 and 30 ms to what is asked for.
        assert_eq!(asked(&terms(100, None, &[20, 50])), [Some(20); 4]);
        assert_eq!(asked(&terms(100, None, &[0, 50])), [Some(0); 4]);
        let never = ConsumerTerms { lease_ns: abi::NEVER, ..terms(0, None, &[20, 50]) };
        assert_eq!(asked(&never), [Some(20), Some(50), Some(50), Some(50)]);
    }
}
