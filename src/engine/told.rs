//! The texts of the messages that agents are told of.

use super::behaviour::{Draft, MessageTexts};
use super::content::Renderer;
use super::generator::Setting;
use super::message::Message;
use super::receiver::CopyText;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The texts of a message whose sender is told its outcome.
#[derive(Debug)]
pub struct SentTexts {
    pub renderer: Arc<Renderer>,
    pub settings: Arc<[Setting]>,
    pub message: Message,
    /// The draft of the message, if a callback made it.
    pub draft: Option<Draft>,
}

impl SentTexts {
    fn setting(&self) -> &Setting {
        &self.settings[self.message.settings as usize]
    }

    /// The attempt in which the message is shown: its last one.
    fn attempt(&self) -> u8 {
        self.message.attempts.max(1)
    }
}

impl MessageTexts for SentTexts {
    fn sender(&self) -> String {
        self.renderer.parties.name(self.renderer.sender(&self.message, self.setting()))
    }

    fn recipient(&self) -> String {
        self.renderer.parties.recipient(self.message.recipient)
    }

    fn content(&self) -> String {
        let mut content = String::new();
        let draft = self.draft.as_ref();
        self.renderer.content(&mut content, &self.message, self.setting(), draft, self.attempt());
        content
    }

    fn tags(&self) -> Vec<String> {
        self.renderer.tags(self.setting(), self.draft.as_ref()).to_vec()
    }

    fn metadata(&self) -> BTreeMap<String, Value> {
        self.renderer.metadata(&self.message, self.setting(), self.draft.as_ref(), self.attempt())
    }
}

/// The texts of a copy as it arrived at an agent.
#[derive(Debug)]
pub struct ReceivedTexts {
    pub text: Arc<CopyText>,
    pub settings: Arc<[Setting]>,
    /// The number of the settings that hold where the core gave back no texts: its type's.
    pub setting: usize,
}

impl MessageTexts for ReceivedTexts {
    fn sender(&self) -> String {
        self.text.sender.clone()
    }

    fn recipient(&self) -> String {
        self.text.recipient.clone()
    }

    fn content(&self) -> String {
        self.text.content.clone()
    }

    fn tags(&self) -> Vec<String> {
        let sent = &self.settings[self.setting].settings.tags;
        self.text.tags.as_ref().unwrap_or(sent).clone()
    }

    fn metadata(&self) -> BTreeMap<String, Value> {
        let sent = &self.settings[self.setting].settings.metadata;
        self.text.metadata.as_ref().unwrap_or(sent).clone()
    }
}
