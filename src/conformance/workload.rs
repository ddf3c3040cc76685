//! Messages to offer: who sends what to whom, drawn from the seed; and batches of them in memory that can be spoilt.

use crate::cores::{PartyNames, TypeRow, abi};
use mqscript_plugin::crc32c;
use mqscript_plugin::random::{mix, text_key};

/// Agents of a run, unless a test has more.
pub const AGENTS: u32 = 9;

/// The run's number in every stamp, on the virtual clock.
pub const RUN: u32 = 7;

/// A message, without its token.
#[derive(Debug, Clone, PartialEq)]
pub struct TestMessage {
    /// The stamp that identifies the message.
    pub stamp: abi::Stamp,
    /// The id of the agent that sends it.
    pub sender: u32,
    /// The id of the recipient; ALL = a broadcast.
    pub recipient: u32,
    /// The priority of the message.
    pub priority: u8,
    /// The content of the message.
    pub content: Vec<u8>,
}

/// The names `Agent-1` to `Agent-N`.
pub struct NumberedNames(pub u32);

impl PartyNames for NumberedNames {
    fn count(&self) -> u32 {
        self.0
    }

    fn write_name(&self, id: u32, into: &mut String) {
        into.push_str(&name(id));
    }
}

fn name(id: u32) -> String {
    if id == abi::ALL { "ALL".to_owned() } else { format!("Agent-{}", id + 1) }
}

/// The types of every run.
pub fn types() -> Vec<TypeRow> {
    let row = |name: &str, wire_type: &str, priority| TypeRow {
        name: name.to_owned(),
        wire_type: wire_type.to_owned(),
        priority,
        tags: vec!["conformance".to_owned()],
    };
    vec![row("direct", "SYSTEM_TO_AGENT", 1), row("broadcast", "BROADCAST", 1), row("urgent", "URGENT", 3)]
}

/// `n` messages: mostly from agent to agent, every tenth to all; their contents are of 1 to 200 bytes of any kind.
pub fn parcels(seed: u64, n: usize) -> Vec<TestMessage> {
    sized(seed, n, |draw| (draw % 200 + 1) as usize)
}

/// `n` messages whose contents have the sizes that `size` makes of a draw.
pub fn sized(seed: u64, n: usize, size: impl Fn(u64) -> usize) -> Vec<TestMessage> {
    let mut sequences = vec![0u64; AGENTS as usize];
    (0..n as u64)
        .map(|i| {
            let draw = mix(seed ^ mix(i + 1));
            let sender = (draw % u64::from(AGENTS)) as u32;
            let step = 1 + (draw >> 8) as u32 % (AGENTS - 1);
            let (recipient, type_id) = match draw >> 16 & 0xff {
                0..26 => (abi::ALL, 1),
                26..76 => ((sender + step) % AGENTS, 2),
                _ => ((sender + step) % AGENTS, 0),
            };
            let priority = if type_id == 2 { abi::PRIORITY_URGENT } else { abi::PRIORITY_REGULAR };
            sequences[sender as usize] += 1;
            let content = bytes(draw, size(mix(draw)));
            let stamp = abi::Stamp {
                run: RUN,
                sender,
                sequence: sequences[sender as usize],
                intended_ns: draw & 0xffff_ffff,
                checksum: crc32c(&content),
                type_id,
                attempt: 1,
                flags: priority | abi::STAMP_CHECKSUM,
            };
            TestMessage { stamp, sender, recipient, priority, content }
        })
        .collect()
}

/// A message of agent 0 to one party, the how-manieth of a run.
pub fn task(run: u32, recipient: u32, sequence: u64) -> TestMessage {
    let content = bytes(sequence, 20);
    let stamp = abi::Stamp {
        run,
        sender: 0,
        sequence,
        intended_ns: sequence,
        checksum: crc32c(&content),
        type_id: 0,
        attempt: 1,
        flags: abi::PRIORITY_REGULAR | abi::STAMP_CHECKSUM,
    };
    TestMessage { stamp, sender: 0, recipient, priority: abi::PRIORITY_REGULAR, content }
}

/// Bytes of any value, zeros and line feeds among them.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..len.div_ceil(8) as u64).flat_map(|i| mix(seed ^ i).to_le_bytes()).collect();
    bytes.truncate(len);
    bytes
}

/// Messages as they are offered, with all that they point to.
pub struct Batch {
    /// What crosses the border.
    pub messages: Vec<abi::Message>,
    contents: Vec<Vec<u8>>,
    names: Vec<[String; 3]>,
    tags: Vec<Vec<abi::Str>>,
    texts: Vec<abi::Text>,
}

impl Batch {
    /// These messages, with the tokens from `first` on, generated at `now_ns`. Contents and texts are there only if
    /// they are `read`, and the keys of senders only with `keys`.
    pub fn new(parcels: &[TestMessage], first: u64, now_ns: u64, read: bool, keys: bool) -> Batch {
        let wire_types = types();
        let mut batch = Batch {
            messages: Vec::with_capacity(parcels.len()),
            contents: Vec::new(),
            names: Vec::new(),
            tags: Vec::new(),
            texts: Vec::new(),
        };
        if read {
            for parcel in parcels {
                let row = &wire_types[usize::from(parcel.stamp.type_id)];
                batch.contents.push(parcel.content.clone());
                batch.names.push([name(parcel.sender), name(parcel.recipient), row.wire_type.clone()]);
                batch.tags.push(vec![abi::Str::new("conformance")]);
            }
            for (names, tags) in batch.names.iter().zip(&batch.tags) {
                let [sender, recipient, message_type] = names.each_ref().map(|name| abi::Str::new(name));
                let tags_len = tags.len() as u32;
                batch.texts.push(abi::Text {
                    sender,
                    recipient,
                    message_type,
                    tags: tags.as_ptr(),
                    tags_len,
                    ..abi::Text::EMPTY
                });
            }
        }
        for (i, parcel) in parcels.iter().enumerate() {
            batch.messages.push(abi::Message {
                token: first + i as u64,
                stamp: parcel.stamp,
                sender_id: parcel.sender,
                recipient_id: parcel.recipient,
                type_id: parcel.stamp.type_id,
                priority: parcel.priority,
                attempt: parcel.stamp.attempt,
                created_ns: now_ns,
                content: batch.contents.get(i).map_or(abi::Bytes::EMPTY, |content| abi::Bytes::new(content)),
                text: batch.texts.get(i).map_or(std::ptr::null(), std::ptr::from_ref),
                sender_key: if keys { text_key(&name(parcel.stamp.sender)) } else { 0 },
                ..abi::Message::EMPTY
            });
        }
        batch
    }

    /// Overwrites everything. The memory stays.
    pub fn spoil(&mut self) {
        for message in &mut self.messages {
            *message = abi::Message {
                token: u64::MAX,
                stamp: abi::Stamp { sender: 0xdddd, sequence: 0xdddd, ..abi::Stamp::NONE },
                sender_id: 0xdddd,
                recipient_id: 0xdddd,
                ..abi::Message::EMPTY
            };
        }
        self.contents.iter_mut().for_each(|content| content.fill(0xdd));
        for names in &mut self.names {
            for name in names {
                *name = "#".repeat(name.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_load_has_all_kinds_of_messages_and_follows_the_seed() {
        let load = parcels(1, 1000);
        let identities: HashSet<_> = load.iter().map(|one| (one.sender, one.stamp.sequence)).collect();
        assert_eq!(identities.len(), 1000);
        let broadcasts = load.iter().filter(|one| one.recipient == abi::ALL).count();
        assert!((50..150).contains(&broadcasts), "{broadcasts}");
        assert!(load.iter().all(|one| one.recipient != one.sender));
        let sizes: HashSet<usize> = load.iter().map(|one| one.content.len()).collect();
        assert!(
            sizes.contains(&1) && sizes.contains(&200) && sizes.iter().all(|size| (1..=200).contains(size))
        );
        assert_eq!(load, parcels(1, 1000));
        assert_ne!(load, parcels(2, 1000));
    }
}
