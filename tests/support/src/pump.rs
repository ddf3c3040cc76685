//! Messages pumped through an open core as fast as it takes them: what the benches of live cores measure.

use mqscript::cores::{HostServices, Out, Session, abi};
use std::time::Instant;

/// The content of every message.
pub const CONTENT: &str = "Welcome Agent-2, from Agent-1: this is the message that tells you what to do next";

/// The stamp of the n-th message, from 1.
pub fn stamp(sequence: u64) -> abi::Stamp {
    abi::Stamp { run: 7, sequence, attempt: 1, flags: abi::PRIORITY_REGULAR, ..abi::Stamp::NONE }
}

/// As [`pump`], until each has come back as a copy, too.
pub fn pump_round(
    session: &mut Session,
    services: &HostServices,
    out: &mut Out,
    messages: u64,
    batch: usize,
) -> f64 {
    let start = Instant::now();
    let mut copies = 0;
    pump_counting(session, services, out, messages, batch, &mut copies);
    while copies < messages {
        while !out.more && !services.wake.take() {
            std::thread::park();
        }
        session.poll(services.clock.now_ns(), out).unwrap();
        copies += out.deliveries.len() as u64;
        out.clear();
    }
    assert_eq!(copies, messages);
    messages as f64 / start.elapsed().as_secs_f64()
}

/// Publishes `messages` messages, up to `batch` in a call, until each is answered as delivered; messages a second.
pub fn pump(
    session: &mut Session,
    services: &HostServices,
    out: &mut Out,
    messages: u64,
    batch: usize,
) -> f64 {
    pump_counting(session, services, out, messages, batch, &mut 0)
}

fn pump_counting(
    session: &mut Session,
    services: &HostServices,
    out: &mut Out,
    messages: u64,
    batch: usize,
    copies: &mut u64,
) -> f64 {
    services.wake.register_current_thread();
    let tags = [abi::Str::new("SYSTEM"), abi::Str::new("ONBOARDING")];
    let metadata = [abi::Pair { key: abi::Str::new("step"), value: abi::Str::new("3") }];
    let text = abi::Text {
        sender: abi::Str::new("Agent-1"),
        recipient: abi::Str::new("Agent-2"),
        message_type: abi::Str::new("ONBOARDING"),
        tags: tags.as_ptr(),
        tags_len: 2,
        metadata: metadata.as_ptr(),
        metadata_len: 1,
        ..abi::Text::EMPTY
    };
    let message = abi::Message {
        recipient_id: 1,
        priority: abi::PRIORITY_REGULAR,
        content: abi::Bytes::new(CONTENT.as_bytes()),
        text: &text,
        ..abi::Message::EMPTY
    };
    let mut offered = vec![message; batch];
    let (mut accepted, mut answered) = (0, 0);
    let start = Instant::now();
    while answered < messages {
        let mut held_back = accepted == messages;
        while !held_back {
            let n = batch.min((messages - accepted) as usize);
            for (i, message) in offered[..n].iter_mut().enumerate() {
                message.token = accepted + i as u64 + 1;
                message.stamp = stamp(message.token);
            }
            let published = session.publish(services.clock.now_ns(), &offered[..n], out);
            assert!(published.failure.is_none(), "{:?}", published.failure);
            accepted += u64::from(published.accepted);
            held_back = (published.accepted as usize) < n || accepted == messages;
        }
        while !out.more && !services.wake.take() {
            std::thread::park();
        }
        session.poll(services.clock.now_ns(), out).unwrap();
        for outcome in out.outcomes.drain(..) {
            assert_eq!(outcome.result, abi::DELIVERED);
            answered += u64::from(outcome.count);
        }
        *copies += out.deliveries.len() as u64;
        out.clear();
    }
    messages as f64 / start.elapsed().as_secs_f64()
}
