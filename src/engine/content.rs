//! The texts of messages: templates that are rendered when needed, and drafts of callbacks.

use super::behaviour::Draft;
use super::generator::Setting;
use super::message::{Message, NONE};
use super::names::{Parties, push_number};
use crate::plan::{MessageType, Placeholder, Segment, Template, TypeId};
use mqscript_plugin::random::{KeyedSource, MessageKey, text_key};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The drafts of messages that have not ended, by number.
#[derive(Debug, Default)]
pub struct Drafts {
    slots: Vec<Option<Draft>>,
    free: Vec<u32>,
}

impl Drafts {
    /// Keeps a draft. Returns its number.
    pub fn keep(&mut self, draft: Draft) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(draft);
            return slot;
        }
        self.slots.push(Some(draft));
        (self.slots.len() - 1) as u32
    }

    /// The draft with this number; none for [`NONE`].
    #[inline]
    pub fn get(&self, number: u32) -> Option<&Draft> {
        if number == NONE { None } else { self.slots[number as usize].as_ref() }
    }

    /// Removes a draft and returns it.
    pub fn take(&mut self, number: u32) -> Option<Draft> {
        if number == NONE {
            return None;
        }
        self.free.push(number);
        self.slots[number as usize].take()
    }
}

/// The texts of all messages of a run.
#[derive(Debug)]
pub struct Texts {
    /// Makes the texts of a message.
    pub renderer: Arc<Renderer>,
    /// The drafts of callbacks, which replace parts of the texts.
    pub drafts: Drafts,
    /// Room for the texts of one message, kept so that its strings are made once.
    pub room: TextsOfOne,
}

/// The rendered texts of one message.
#[derive(Debug, Default)]
pub struct TextsOfOne {
    /// The name of the agent that generated it.
    pub agent: String,
    /// The name of the sender that it shows.
    pub sender: String,
    /// The name of its recipient, or ALL.
    pub recipient: String,
    /// The content of the message.
    pub content: String,
}

impl TextsOfOne {
    /// Renders the texts of a message in the place of those of another one.
    pub fn render(
        &mut self,
        renderer: &Renderer,
        message: &Message,
        setting: &Setting,
        draft: Option<&Draft>,
        attempt: u8,
    ) {
        let TextsOfOne { agent, sender, recipient, content } = self;
        for text in [&mut *agent, &mut *sender, &mut *recipient, &mut *content] {
            text.clear();
        }
        renderer.parties.write(message.agent, agent);
        renderer.parties.write(renderer.sender(message, setting), sender);
        renderer.parties.write_recipient(message.recipient, recipient);
        renderer.content(content, message, setting, draft, attempt);
    }
}

/// Makes the texts of a message from templates.
#[derive(Debug)]
pub struct Renderer {
    /// The names of all senders and recipients.
    pub parties: Parties,
    types: Vec<(String, String)>,
    random: KeyedSource,
    /// The texts of each setting's metadata, parsed: by setting number, then by key.
    metadata: Vec<Vec<(String, Result<Template, Value>)>>,
}

impl Renderer {
    /// A renderer for the parties, types and settings of a run.
    pub fn new(seed: u64, parties: Parties, types: &[MessageType], settings: &[Setting]) -> Renderer {
        let parsed = |(key, value): (&String, &Value)| {
            let template = value.as_str().and_then(|text| Template::parse(text).ok());
            (key.clone(), template.ok_or_else(|| value.clone()))
        };
        Renderer {
            parties,
            types: types.iter().map(|t| (t.name.clone(), t.wire_type.clone())).collect(),
            random: KeyedSource::new(seed, "engine", "content"),
            metadata: settings.iter().map(|s| s.settings.metadata.iter().map(parsed).collect()).collect(),
        }
    }

    /// The name of a type in the mix.
    pub fn type_name(&self, type_id: TypeId) -> &str {
        &self.types[type_id.index()].0
    }

    /// A type's name on the wire.
    pub fn wire_type(&self, type_id: TypeId) -> &str {
        &self.types[type_id.index()].1
    }

    /// The party that a message shows as its sender.
    #[inline]
    pub fn sender(&self, message: &Message, setting: &Setting) -> u32 {
        setting.sender.unwrap_or(message.agent)
    }

    /// Appends the content of a message, as it is in attempt `attempt`.
    pub fn content(
        &self,
        into: &mut String,
        message: &Message,
        setting: &Setting,
        draft: Option<&Draft>,
        attempt: u8,
    ) {
        if let Some(text) = draft.and_then(|draft| draft.content.as_ref()) {
            into.push_str(text);
            return;
        }
        let start = into.len();
        let content = &setting.settings.content;
        self.template(into, &content.template, message, setting, attempt);
        if let Some(law) = &content.size {
            let size = law.sample(self.draw(message, "size")) as usize;
            let missing = size.saturating_sub(into.len() - start);
            into.extend(std::iter::repeat_n(' ', missing));
        }
    }

    /// 64 random bits for the message and the purpose, the same in every attempt.
    fn draw(&self, message: &Message, purpose: &str) -> u64 {
        let sender_key = text_key(&self.parties.name(message.agent)) ^ text_key(purpose);
        let key = MessageKey { sender_key, sequence: message.sequence, attempt: 0, recipient_key: 0 };
        self.random.stream(key).next_u64()
    }

    fn template(
        &self,
        into: &mut String,
        template: &Template,
        message: &Message,
        setting: &Setting,
        attempt: u8,
    ) {
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => into.push_str(text),
                Segment::Placeholder(placeholder) => {
                    self.placeholder(into, *placeholder, message, setting, attempt)
                }
            }
        }
    }

    fn placeholder(
        &self,
        into: &mut String,
        what: Placeholder,
        message: &Message,
        setting: &Setting,
        attempt: u8,
    ) {
        match what {
            Placeholder::Sender => self.parties.write(self.sender(message, setting), into),
            Placeholder::Recipient => self.parties.write_recipient(message.recipient, into),
            Placeholder::Sequence => push_number(into, message.sequence),
            Placeholder::Number => push_number(into, message.number),
            Placeholder::Type => into.push_str(self.type_name(message.type_id)),
            Placeholder::Priority => into.push_str(message.priority.name()),
            Placeholder::Attempt => push_number(into, u64::from(attempt)),
            Placeholder::Time => {
                let (seconds, ns) =
                    (message.intended_ns / 1_000_000_000, message.intended_ns % 1_000_000_000);
                into.push_str(&format!("{seconds}.{ns:09}"));
            }
            Placeholder::Random => into.push_str(&format!("{:016x}", self.draw(message, "random"))),
        }
    }

    /// Whether a message has metadata.
    pub fn has_metadata(&self, message: &Message, draft: Option<&Draft>) -> bool {
        draft.is_some_and(|draft| draft.metadata.is_some())
            || !self.metadata[message.settings as usize].is_empty()
    }

    /// The metadata of a message, with its texts rendered.
    pub fn metadata(
        &self,
        message: &Message,
        setting: &Setting,
        draft: Option<&Draft>,
        attempt: u8,
    ) -> BTreeMap<String, Value> {
        if let Some(metadata) = draft.and_then(|draft| draft.metadata.as_ref()) {
            return metadata.clone();
        }
        let rendered = |value: &Result<Template, Value>| match value {
            Ok(template) => {
                let mut text = String::new();
                self.template(&mut text, template, message, setting, attempt);
                Value::String(text)
            }
            Err(value) => value.clone(),
        };
        let entries = &self.metadata[message.settings as usize];
        entries.iter().map(|(key, value)| (key.clone(), rendered(value))).collect()
    }

    /// The tags of a message, from its draft or its setting.
    pub fn tags<'a>(&self, setting: &'a Setting, draft: Option<&'a Draft>) -> &'a [String] {
        draft.and_then(|draft| draft.tags.as_deref()).unwrap_or(&setting.settings.tags)
    }
}
