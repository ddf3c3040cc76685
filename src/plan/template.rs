//! Contents with placeholders, parsed once.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The value that a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placeholder {
    /// The sender that the message shows.
    Sender,
    /// The recipient, or ALL.
    Recipient,
    /// The message's number among its agent's, from 1.
    Sequence,
    /// The message's number among all agents', in order of generation, from 1.
    Number,
    /// The type's name in the mix.
    Type,
    /// The name of the message's priority.
    Priority,
    /// The intended time, in seconds with nine decimals.
    Time,
    /// The attempt, from 1.
    Attempt,
    /// Sixteen hexadecimal digits drawn for this message.
    Random,
}

impl Placeholder {
    /// Every placeholder with its name.
    pub const ALL: [(&'static str, Placeholder); 9] = [
        ("sender", Placeholder::Sender),
        ("recipient", Placeholder::Recipient),
        ("sequence", Placeholder::Sequence),
        ("number", Placeholder::Number),
        ("type", Placeholder::Type),
        ("priority", Placeholder::Priority),
        ("time", Placeholder::Time),
        ("attempt", Placeholder::Attempt),
        ("random", Placeholder::Random),
    ];
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Segment {
    /// Stands as it is.
    Literal(String),
    /// Is filled in for each message.
    Placeholder(Placeholder),
}

/// A text with placeholders, such as "Welcome {recipient}".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Template {
    /// The pieces in order.
    pub segments: Vec<Segment>,
}

/// A word in braces that is no placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The word that was found.
    pub word: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{{{}}}` is not a placeholder", self.word)
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Parses a text. `{word}` is a placeholder; `{{` is a brace; any other brace stands for itself, so JSON
    /// needs no escaping.
    ///
    /// # Errors
    /// An identifier in braces that is not a placeholder's name.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut segments = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find('{') {
            literal.push_str(&rest[..brace]);
            let after = &rest[brace + 1..];
            if let Some(escaped) = after.strip_prefix('{') {
                literal.push('{');
                rest = escaped;
                continue;
            }
            match identifier_in_braces(after) {
                None => {
                    literal.push('{');
                    rest = after;
                }
                Some(word) => {
                    let known = Placeholder::ALL.iter().find(|(name, _)| *name == word);
                    let Some((_, placeholder)) = known else {
                        return Err(TemplateError { word: word.to_owned() });
                    };
                    if !literal.is_empty() {
                        segments.push(Segment::Literal(std::mem::take(&mut literal)));
                    }
                    segments.push(Segment::Placeholder(*placeholder));
                    rest = &after[word.len() + 1..];
                }
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal));
        }
        Ok(Template { segments })
    }
}

/// The identifier at the start of `text` if a closing brace follows it.
fn identifier_in_braces(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let word = &text[..end];
    let starts_well = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (starts_well && text[end..].starts_with('}')).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Segment {
        Segment::Literal(text.to_owned())
    }

    #[test]
    fn placeholders_stand_between_literals() {
        let template = Template::parse("Welcome {recipient}, from {sender}!").unwrap();
        assert_eq!(
            template.segments,
            [
                literal("Welcome "),
                Segment::Placeholder(Placeholder::Recipient),
                literal(", from "),
                Segment::Placeholder(Placeholder::Sender),
                literal("!"),
            ]
        );
    }

    #[test]
    fn braces_that_hold_no_identifier_are_literal() {
        for json in ["{\"a\": {}}", "{ sender }", "{1}", "{", "a{b", "{sender"] {
            assert_eq!(Template::parse(json).unwrap().segments, [literal(json)], "{json}");
        }
        assert_eq!(Template::parse("{{sender}").unwrap().segments, [literal("{sender}")]);
    }

    #[test]
    fn unknown_words_are_errors() {
        assert_eq!(Template::parse("{sendr}").unwrap_err().word, "sendr");
    }
}
