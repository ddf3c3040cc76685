//! A core with a durable queue, driven on the wall clock as the engine does it.

use crate::chain::{Names, options, request, run_config, start};
use mqscript::cores::*;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Long enough for the slowest machine; nothing waits for it unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message to be published.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub from: u32,
    pub to: u32,
    pub sequence: u64,
    pub content: Vec<u8>,
    pub sender: String,
    pub recipient: String,
    pub tags: Vec<String>,
    pub metadata: Vec<(String, String)>,
    pub priority: u8,
}

/// `sequence` from one agent to another, or to [`abi::ALL`].
pub fn parcel(from: u32, to: u32, sequence: u64) -> Parcel {
    let name = |id: u32| if id == abi::ALL { "ALL".to_owned() } else { format!("Agent-{}", id + 1) };
    Parcel {
        from,
        to,
        sequence,
        content: format!("message {sequence} of {from}").into_bytes(),
        sender: name(from),
        recipient: name(to),
        tags: vec!["SYSTEM".to_owned()],
        metadata: Vec::new(),
        priority: abi::PRIORITY_REGULAR,
    }
}

/// A copy that arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    pub stamp: abi::Stamp,
    pub to: u32,
    pub tag: u64,
    pub redelivered: bool,
    pub at_ns: u64,
    pub content: Vec<u8>,
    pub text: Option<(String, String, String)>,
    pub flags: u32,
    /// What is altered, why a call failed, why it was given up.
    pub reason: String,
    /// The how-manieth call it was; 0 = not told.
    pub call: u32,
}

impl Copy {
    /// The how-manieth hand-over it is; 0 = not told.
    pub fn times(&self) -> u32 {
        (self.flags & abi::DELIVERY_HANDOVERS) >> abi::DELIVERY_HANDOVERS_SHIFT
    }

    /// (run, from, sequence, to).
    pub fn identity(&self) -> (u32, u32, u64, u32) {
        (self.stamp.run, self.stamp.sender, self.stamp.sequence, self.to)
    }
}

/// A run with its core open.
pub struct Queue {
    pub chain: Chain,
    pub session: Session,
    pub services: HostServices,
    pub out: Out,
    /// Everything told so far.
    pub outcomes: Vec<abi::Outcome>,
    /// Every copy so far.
    pub copies: Vec<Copy>,
    /// Every note so far that is no copy: failed calls, messages given up.
    pub notes: Vec<Copy>,
    /// There was a sign of work.
    pub worked: bool,
    core: &'static str,
    run: u32,
    next_token: u64,
}

/// A run of nine agents on the wall clock.
pub fn config(run: u32, receive: bool) -> RunConfig {
    RunConfig {
        run,
        clock: RunClockKind::Wall,
        receive,
        wants_content: receive,
        party_names: Arc::new(Names(9)),
        ..run_config()
    }
}

/// The options that name a file, and more of them.
pub fn on(path: &Path, more: Value) -> Value {
    let mut all = options(more);
    all.insert("path".to_owned(), path.to_str().expect("UTF-8").into());
    Value::Object(all)
}

impl Queue {
    /// A run on the sqlite core.
    pub fn open(options: Value, config: RunConfig) -> Result<Queue, CoreError> {
        Queue::of("sqlite", options, config)
    }

    /// With another core than sqlite.
    pub fn of(core: &'static str, options: Value, config: RunConfig) -> Result<Queue, CoreError> {
        let run = config.run;
        let running = start(&[request(core, options)], config)?;
        running.services.wake.register_current_thread();
        Ok(Queue {
            chain: running.chain,
            session: running.session,
            services: running.services,
            out: running.out,
            outcomes: Vec::new(),
            copies: Vec::new(),
            notes: Vec::new(),
            worked: false,
            core,
            run,
            next_token: 1,
        })
    }

    /// Offers messages once; how many were accepted.
    pub fn offer(&mut self, parcels: &[Parcel]) -> Result<usize, CoreFailure> {
        let str_of = |text: &String| abi::Str::new(text);
        let tags: Vec<Vec<abi::Str>> = parcels.iter().map(|p| p.tags.iter().map(str_of).collect()).collect();
        let pair = |(key, value): &(String, String)| abi::Pair { key: str_of(key), value: str_of(value) };
        let metadata: Vec<Vec<abi::Pair>> =
            parcels.iter().map(|p| p.metadata.iter().map(pair).collect()).collect();
        let texts: Vec<abi::Text> = parcels
            .iter()
            .enumerate()
            .map(|(i, parcel)| abi::Text {
                sender: abi::Str::new(&parcel.sender),
                recipient: abi::Str::new(&parcel.recipient),
                message_type: abi::Str::new("SYSTEM_TO_AGENT"),
                tags: tags[i].as_ptr(),
                tags_len: tags[i].len() as u32,
                metadata: metadata[i].as_ptr(),
                metadata_len: metadata[i].len() as u32,
                ..abi::Text::EMPTY
            })
            .collect();
        let message = |(i, parcel): (usize, &Parcel)| abi::Message {
            token: self.next_token + i as u64,
            stamp: abi::Stamp {
                run: self.run,
                sender: parcel.from,
                sequence: parcel.sequence,
                attempt: 1,
                flags: parcel.priority,
                ..abi::Stamp::NONE
            },
            sender_id: parcel.from,
            recipient_id: parcel.to,
            priority: parcel.priority,
            content: abi::Bytes::new(&parcel.content),
            text: &texts[i],
            ..abi::Message::EMPTY
        };
        let batch: Vec<abi::Message> = parcels.iter().enumerate().map(message).collect();
        let published = self.session.publish(self.services.clock.now_ns(), &batch, &mut self.out);
        self.next_token += u64::from(published.accepted);
        self.absorb();
        match published.failure {
            None => Ok(published.accepted as usize),
            Some(failure) => Err(failure),
        }
    }

    /// Publishes all, and waits until all are answered.
    pub fn publish(&mut self, parcels: &[Parcel]) {
        let due = self.answered() + parcels.len() as u64;
        let mut rest = parcels;
        while !rest.is_empty() {
            let accepted = self.offer(rest).expect("the queue works");
            rest = &rest[accepted..];
            if !rest.is_empty() {
                self.turn().expect("the queue works");
            }
        }
        self.until(|queue| queue.answered() == due);
    }

    /// How many messages have their outcome.
    pub fn answered(&self) -> u64 {
        self.outcomes.iter().map(|outcome| u64::from(outcome.count)).sum()
    }

    /// Waits for a wake, and polls.
    pub fn turn(&mut self) -> Result<(), CoreFailure> {
        let start = Instant::now();
        while !self.out.more && !self.services.wake.take() {
            assert!(start.elapsed() < PATIENCE, "the core does not wake");
            std::thread::park_timeout(Duration::from_millis(100));
        }
        self.poll()
    }

    /// Polls once.
    pub fn poll(&mut self) -> Result<(), CoreFailure> {
        let result = self.session.poll(self.services.clock.now_ns(), &mut self.out);
        self.absorb();
        result
    }

    /// Polls whenever the core wakes, until it holds.
    #[track_caller]
    pub fn until(&mut self, holds: impl Fn(&Queue) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < PATIENCE, "it never came to hold: {:?}", self.outcomes);
            self.turn().expect("the queue works");
        }
    }

    /// Polls until the core fails.
    #[track_caller]
    pub fn until_failure(&mut self) -> CoreFailure {
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < PATIENCE, "it does not fail");
            if let Err(failure) = self.turn() {
                return failure;
            }
        }
    }

    /// Acknowledges copies by their places in `copies`.
    pub fn acknowledge(&mut self, places: impl IntoIterator<Item = usize>) {
        self.settle(Settlement::Acknowledge, places);
    }

    /// Settles copies by their places in `copies`, or extends their leases.
    pub fn settle(&mut self, how: Settlement, places: impl IntoIterator<Item = usize>) {
        let tags: Vec<u64> = places.into_iter().map(|place| self.copies[place].tag).collect();
        let now_ns = self.services.clock.now_ns();
        self.session.acknowledge(now_ns, how, &tags, &mut self.out).expect("the queue works");
        self.absorb();
    }

    fn absorb(&mut self) {
        self.outcomes.append(&mut self.out.outcomes);
        for index in 0..self.out.deliveries.len() {
            let delivery = self.out.deliveries[index];
            let content = self.session.content(&self.out, index).expect("it is there until the next call");
            let text = self.session.text(&self.out, index);
            let is_copy = delivery.flags & abi::DELIVERY_NO_COPY == 0;
            let into = if is_copy { &mut self.copies } else { &mut self.notes };
            into.push(Copy {
                stamp: delivery.stamp,
                to: delivery.recipient_id,
                tag: delivery.ack_tag,
                redelivered: delivery.flags & abi::DELIVERY_REDELIVERED != 0,
                at_ns: delivery.at_ns,
                content: content.to_owned(),
                text: text.map(|text| {
                    (text.sender.to_owned(), text.recipient.to_owned(), text.message_type.to_owned())
                }),
                flags: delivery.flags,
                reason: self.services.interner.text(delivery.reason),
                call: delivery.attempt,
            });
        }
        self.worked |= self.out.working;
        self.out.clear();
    }

    /// Ends the run as the engine does, and gives the core's figures.
    pub fn close(mut self) -> Value {
        let flushed = self.session.flush(self.services.clock.now_ns(), &mut self.out);
        flushed.expect("the queue works");
        self.end()
    }

    /// Ends the run, whatever became of the session.
    pub fn end(self) -> Value {
        let Queue { mut chain, session, core, .. } = self;
        session.close().expect("it closes in time");
        let stats = chain.stats().expect("it knows its figures");
        chain.clean().expect("it cleans up");
        chain.destroy().expect("it ends");
        stats.get(core).cloned().unwrap_or_default()
    }
}
