//! Messages in the form that the core gets: the batch, and the memory to which its pointers refer.

use super::content::Texts;
use super::generator::{Generator, Setting};
use super::message::{Message, MessageId, Messages};
use crate::cores::abi;
use std::ops::Range;

/// A batch with everything it refers to. Its pointers are valid until the next [`Envelopes::fill`].
#[derive(Debug, Default)]
pub struct Envelopes {
    /// The messages in the form of the contract, and places for more.
    batch: Vec<abi::Message>,
    arena: String,
    tags: Vec<abi::Str>,
    pairs: Vec<abi::Pair>,
    texts: Vec<abi::Text>,
    places: Vec<Places>,
    tag_places: Vec<Range<usize>>,
    metadata: Vec<(Range<usize>, Range<usize>)>,
}

/// The ranges of one message's texts in the arena.
#[derive(Debug, Default)]
struct Places {
    content: Range<usize>,
    sender: Range<usize>,
    recipient: Range<usize>,
    message_type: Range<usize>,
    tags: Range<usize>,
    metadata: Range<usize>,
}

/// Writes into the arena. Returns the range of what was written.
#[inline(always)]
fn written(arena: &mut String, write: impl FnOnce(&mut String)) -> Range<usize> {
    let start = arena.len();
    write(arena);
    start..arena.len()
}

/// The stamp of an attempt of a message, without a checksum.
#[inline(always)]
pub fn stamp(message: &Message, attempt: u8, run: u32, origin_ns: u64) -> abi::Stamp {
    abi::Stamp {
        run,
        sender: message.agent,
        sequence: message.sequence,
        intended_ns: message.intended_ns + origin_ns,
        checksum: 0,
        type_id: message.type_id.0,
        attempt,
        flags: message.priority as u8,
    }
}

impl Envelopes {
    /// Fills the batch with the messages `staged` for their next attempt. Times in it are since the core's origin.
    #[inline(always)]
    pub fn fill(
        &mut self,
        staged: &[MessageId],
        messages: &Messages,
        generator: &Generator,
        run: u32,
        token: u64,
        origin_ns: u64,
    ) {
        if self.batch.len() < staged.len() {
            self.batch.resize(staged.len(), abi::Message::EMPTY);
        }
        for ((token, id), place) in (token..).zip(staged).zip(&mut self.batch) {
            let message = &messages[*id];
            let setting = &generator.settings[message.settings as usize];
            let (attempt, priority) = (message.attempts + 1, message.priority as u8);
            let intended_ns = message.intended_ns + origin_ns;
            // What is not written here never changes, or is written by `add_texts`.
            place.token = token;
            place.stamp = stamp(message, attempt, run, origin_ns);
            place.sender_id = setting.sender.unwrap_or(message.agent);
            place.recipient_id = message.recipient;
            place.type_id = message.type_id.0;
            place.priority = priority;
            place.attempt = attempt;
            place.created_ns = intended_ns;
            place.expires_ns = message.expires_ns.saturating_add(origin_ns);
            place.sender_key = generator.key(message.agent);
        }
    }

    /// The first `count` messages of the batch.
    #[inline(always)]
    pub fn batch(&self, count: usize) -> &[abi::Message] {
        &self.batch[..count]
    }

    /// Adds contents and texts to the batch, which was filled from the same messages.
    pub fn add_texts(
        &mut self,
        staged: &[MessageId],
        messages: &Messages,
        settings: &[Setting],
        texts: &Texts,
    ) {
        self.arena.clear();
        self.places.clear();
        self.tag_places.clear();
        self.metadata.clear();
        for id in staged {
            let message = &messages[*id];
            let places = self.render(message, &settings[message.settings as usize], texts);
            self.places.push(places);
        }
        self.point(staged.len());
    }

    fn render(&mut self, message: &Message, setting: &Setting, texts: &Texts) -> Places {
        let Texts { renderer, drafts, .. } = texts;
        let draft = drafts.get(message.draft);
        let attempt = message.attempts + 1;
        let arena = &mut self.arena;
        let content = written(arena, |into| renderer.content(into, message, setting, draft, attempt));
        let sender = written(arena, |into| renderer.parties.write(renderer.sender(message, setting), into));
        let recipient = written(arena, |into| renderer.parties.write_recipient(message.recipient, into));
        let message_type = written(arena, |into| into.push_str(renderer.wire_type(message.type_id)));
        let first_tag = self.tag_places.len();
        for tag in renderer.tags(setting, draft) {
            self.tag_places.push(written(arena, |into| into.push_str(tag)));
        }
        let first = self.metadata.len();
        if renderer.has_metadata(message, draft) {
            for (key, value) in renderer.metadata(message, setting, draft, attempt) {
                let key = written(arena, |into| into.push_str(&key));
                let value = written(arena, |into| match value.as_str() {
                    Some(text) => into.push_str(text),
                    None => into.push_str(&value.to_string()),
                });
                self.metadata.push((key, value));
            }
        }
        Places {
            content,
            sender,
            recipient,
            message_type,
            tags: first_tag..self.tag_places.len(),
            metadata: first..self.metadata.len(),
        }
    }

    /// Sets the pointers, when the memory does not move any more.
    fn point(&mut self, count: usize) {
        let text = |range: &Range<usize>| abi::Str::new(&self.arena[range.clone()]);
        self.tags.clear();
        self.tags.extend(self.tag_places.iter().map(text));
        self.pairs.clear();
        self.pairs.extend(
            self.metadata.iter().map(|(key, value)| abi::Pair { key: text(key), value: text(value) }),
        );
        self.texts.clear();
        for places in &self.places {
            let tags = &self.tags[places.tags.clone()];
            let pairs = &self.pairs[places.metadata.clone()];
            self.texts.push(abi::Text {
                sender: text(&places.sender),
                recipient: text(&places.recipient),
                message_type: text(&places.message_type),
                tags: tags.as_ptr(),
                tags_len: tags.len() as u32,
                metadata: pairs.as_ptr(),
                metadata_len: pairs.len() as u32,
                reserved: 0,
            });
        }
        for (index, message) in self.batch[..count].iter_mut().enumerate() {
            let content = &self.arena.as_bytes()[self.places[index].content.clone()];
            message.content = abi::Bytes::new(content);
            message.text = &raw const self.texts[index];
            message.stamp.checksum = mqscript_plugin::crc32c(content);
            message.stamp.flags |= abi::STAMP_CHECKSUM;
        }
    }
}
