//! The laws of queues: what every live core owes, whatever its medium is. Each core has a test that calls them.

use crate::queue::{Copy, Parcel, Queue, config, parcel};
use mqscript::cores::{CoreFailure, FailureKind, Out, abi};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A session with messages in flight is closed within this.
const CLOSES_WITHIN: Duration = Duration::from_secs(20);
/// The run of every law.
const RUN: u32 = 7;

/// A core whose laws are held.
pub struct Subject<'a> {
    /// Its name, or the path of its library.
    pub core: &'static str,
    /// Its options for one more run on an empty medium, with more of them.
    pub options: &'a dyn Fn(Value) -> Value,
    /// The option that bounds how many messages may be without an answer, and the largest value that is tried.
    pub window: (&'static str, u64),
    /// So many bytes may wait; a message that begins below is still taken.
    pub bytes_max: usize,
    /// The largest content that the medium takes.
    pub content_max: usize,
    /// Its copies come back.
    pub receives: bool,
    /// It gives tags, and takes acknowledgements of them.
    pub acknowledges: bool,
    /// It can tell that its medium is empty.
    pub tells_empty: bool,
}

/// Sends to each of eight agents and to all together, and holds what comes to it: each copy once, as it was sent, for the
/// first time, with a tag. The session is one of nine agents on an empty medium that has copies acknowledged.
pub fn reach_every_agent(queue: &mut Queue) {
    let mut parcels = Vec::new();
    for sequence in 1..=200 {
        let to = if sequence % 10 == 0 { abi::ALL } else { (sequence % 8) as u32 + 1 };
        parcels.push(parcel(0, to, sequence));
    }
    queue.publish(&parcels);
    queue.until(|queue| queue.copies.len() == 180 + 20 * 8);
    let expected: BTreeSet<(u32, u32, u64, u32)> = (1..=200u64)
        .flat_map(|sequence| match sequence % 10 {
            0 => (1..9).map(|to| (RUN, 0, sequence, to)).collect::<Vec<_>>(),
            _ => vec![(RUN, 0, sequence, (sequence % 8) as u32 + 1)],
        })
        .collect();
    let seen: BTreeSet<(u32, u32, u64, u32)> = queue.copies.iter().map(Copy::identity).collect();
    assert_eq!(seen, expected);
    for copy in &queue.copies {
        assert_eq!(copy.content, format!("message {} of 0", copy.stamp.sequence).into_bytes());
        let recipient =
            if copy.stamp.sequence % 10 == 0 { "ALL".into() } else { format!("Agent-{}", copy.to + 1) };
        assert_eq!(copy.text, Some(("Agent-1".into(), recipient, "SYSTEM_TO_AGENT".into())));
        assert!(!copy.redelivered && copy.tag != 0);
    }
}

impl Subject<'_> {
    /// Holds the core to all laws.
    pub fn keeps_the_laws(&self) {
        self.answers_each_message_once();
        self.accepts_within_its_window();
        self.accepts_within_its_bytes_and_closes_in_time();
        if self.receives {
            self.hands_out_copies_as_far_as_there_is_room();
        }
    }

    fn open(&self, more: Value) -> Queue {
        let options = (self.options)(more);
        Queue::of(self.core, options, config(RUN, self.receives)).expect("the core can be opened")
    }

    /// What is accepted is answered exactly once, in whatever batches it comes.
    fn answers_each_message_once(&self) {
        let mut queue = self.open(json!({}));
        let parcels: Vec<Parcel> = (1..=300).map(|sequence| parcel(0, 1, sequence)).collect();
        let mut rest = &parcels[..];
        for size in [1, 2, 7, 40, 250] {
            let (batch, after) = rest.split_at(size);
            rest = after;
            queue.publish(batch);
        }
        queue.poll().expect("the queue works");
        assert_eq!(answered(&queue), (1..=300).collect::<Vec<u64>>());
        assert!(
            queue.outcomes.iter().all(|outcome| outcome.result == abi::DELIVERED),
            "{:?}",
            queue.outcomes
        );
        queue.close();
    }

    /// No more messages are without an answer than the option says, and what is not accepted is taken later.
    fn accepts_within_its_window(&self) {
        let window = 8;
        let mut queue = self.open(json!({ self.window.0: window }));
        let parcels: Vec<Parcel> = (1..=100).map(|sequence| parcel(0, 1, sequence)).collect();
        let accepted = queue.offer(&parcels).expect("the queue works");
        assert_eq!(accepted, window, "of so many messages in one call, as many as the window takes");
        queue.until(|queue| queue.answered() == window as u64);
        queue.publish(&parcels[accepted..]);
        assert_eq!(answered(&queue), (1..=100).collect::<Vec<u64>>());
        queue.close();
    }

    /// No more bytes wait than there is memory for; and a session that is closed with all of them in flight ends.
    fn accepts_within_its_bytes_and_closes_in_time(&self) {
        let count = self.bytes_max / self.content_max + 8;
        let mut queue = self.open(json!({ self.window.0: self.window.1 }));
        assert!(count as u64 <= self.window.1, "the bytes are the narrower bound");
        let content = vec![b'x'; self.content_max];
        let parcels: Vec<Parcel> = (1..=count as u64)
            .map(|sequence| Parcel { content: content.clone(), ..parcel(0, 1, sequence) })
            .collect();
        let accepted = queue.offer(&parcels).expect("the queue works");
        let before_last = (accepted - 1) * self.content_max;
        assert!(accepted < count && before_last < self.bytes_max, "{accepted} of {count} accepted");
        assert!((accepted + 1) * self.content_max >= self.bytes_max, "{accepted} of {count} accepted");
        let start = Instant::now();
        queue.end();
        assert!(start.elapsed() < CLOSES_WITHIN, "it took {:?} to close", start.elapsed());
    }

    /// Copies come once for each message and agent, with stamp and content, never more than asked for, and the rest is
    /// kept. The medium is empty when nothing more is held, and not before.
    fn hands_out_copies_as_far_as_there_is_room(&self) {
        const ROOM: usize = 5;
        let mut queue = self.open(json!({}));
        let to = |sequence: u64| if sequence.is_multiple_of(10) { abi::ALL } else { 1 + sequence as u32 % 8 };
        let parcels: Vec<Parcel> = (1..=60).map(|sequence| parcel(0, to(sequence), sequence)).collect();
        assert_eq!(queue.offer(&parcels), Ok(60), "so many are within every window");
        // The host made room for copies in `publish`; from here on there is less.
        let more = std::mem::replace(&mut queue.out, Out::with_capacity(64, ROOM)).more;
        queue.out.more = more;
        let expected = 54 + 6 * 8;
        while queue.copies.len() < expected {
            let before = queue.copies.len();
            queue.turn().expect("the queue works");
            assert!(queue.copies.len() - before <= ROOM, "more copies than there was room for");
            assert!(!queue.out.empty || queue.copies.len() == expected, "empty, and copies are to come");
        }
        let mut counts: BTreeMap<(u64, u32), usize> = BTreeMap::new();
        for copy in &queue.copies {
            let sequence = copy.stamp.sequence;
            assert_eq!((copy.stamp.run, copy.stamp.sender, copy.tag != 0), (RUN, 0, self.acknowledges));
            assert_eq!(copy.content, parcels[sequence as usize - 1].content, "{sequence}");
            assert!(to(sequence) == abi::ALL && copy.to != 0 || to(sequence) == copy.to, "{copy:?}");
            *counts.entry((sequence, copy.to)).or_default() += usize::from(!copy.redelivered);
        }
        assert!(counts.len() == expected && counts.values().all(|count| *count == 1), "{counts:?}");
        if self.acknowledges {
            let mut tags: Vec<u64> = queue.copies.iter().map(|copy| copy.tag).collect();
            tags.sort_unstable();
            tags.dedup();
            assert_eq!(tags.len(), expected, "each copy has a tag of its own");
        }
        queue.until(|queue| queue.answered() == 60);
        if self.tells_empty {
            let now_ns = queue.services.clock.now_ns();
            queue.session.flush(now_ns, &mut queue.out).expect("the queue works");
            queue.acknowledge(0..expected - 1);
            std::thread::sleep(Duration::from_millis(200)); // Long enough for a medium to say so wrongly.
            queue.poll().expect("the queue works");
            assert!(!queue.out.empty, "empty, and one copy is not acknowledged");
            queue.acknowledge([expected - 1]);
            queue.until(|queue| queue.out.empty);
            assert_eq!(queue.copies.len(), expected, "what was acknowledged does not come again");
        }
        queue.close();
    }
}

/// Makes trouble that the core rides out: every message is answered, once.
pub fn rides_out(queue: Queue, trouble: impl FnOnce()) {
    let failure = after_trouble(queue, trouble, false);
    assert_eq!(failure, None, "it goes on");
}

/// Makes trouble that the core cannot ride out: the session fails with a reason, after it has told what it knew.
pub fn reports(queue: Queue, trouble: impl FnOnce()) -> CoreFailure {
    after_trouble(queue, trouble, true).expect("the session fails")
}

/// Makes trouble for a queue that works, and waits until all is answered, or until it fails if it must. Either way it
/// closes in time.
fn after_trouble(mut queue: Queue, trouble: impl FnOnce(), must_fail: bool) -> Option<CoreFailure> {
    queue.publish(&[parcel(0, 1, 1)]);
    trouble();
    let parcels: Vec<Parcel> = (2..=41).map(|sequence| parcel(0, 1, sequence)).collect();
    let mut accepted = 0;
    let failure = loop {
        match queue.offer(&parcels[accepted..]) {
            Ok(count) => accepted += count,
            Err(failure) => break Some(failure),
        }
        if queue.answered() == 41 && !must_fail {
            break None;
        }
        if let Err(failure) = queue.turn() {
            break Some(failure);
        }
    };
    let answered = answered(&queue);
    let mut once = answered.clone();
    once.dedup();
    assert_eq!(answered, once, "no message is answered twice");
    assert!(answered.iter().all(|token| *token <= accepted as u64 + 1), "only what was accepted is answered");
    assert!(queue.outcomes.iter().all(|told| told.result == abi::DELIVERED || told.reason != 0));
    if let Some(failure) = &failure {
        assert!(matches!(failure.kind, FailureKind::Status(_)) && !failure.text.is_empty(), "{failure}");
    }
    let start = Instant::now();
    queue.end();
    assert!(start.elapsed() < CLOSES_WITHIN, "it took {:?} to close", start.elapsed());
    failure
}

/// The tokens that were answered so far, in ascending order, each as often as it was.
fn answered(queue: &Queue) -> Vec<u64> {
    let tokens = |told: &abi::Outcome| told.first..told.first + u64::from(told.count);
    let mut all: Vec<u64> = queue.outcomes.iter().flat_map(tokens).collect();
    all.sort_unstable();
    all
}
