//! Why a run ends before its time.

use super::behaviour::BehaviourError;
use crate::cores::{CoreError, CoreFailure};
use crate::numbers::count;

/// Why a run ended before its time.
#[derive(Debug)]
pub enum Stop {
    /// The observer said so, with its reason if it has one.
    Interrupted(Option<String>),
    /// The core is finished.
    CoreFailed(CoreFailure),
    /// A core that did its work failed while it was taken down.
    CoreUnclean(CoreError),
    /// A callback failed.
    Behaviour(BehaviourError),
    /// It would never have come to an end: what was seen, and what to do about it.
    Endless {
        /// What went on and on.
        seen: String,
        /// What helps.
        help: &'static str,
    },
}

impl Stop {
    /// More was generated than `max_generated` allows, by these mostly.
    pub fn too_many(max_generated: u64, answers: bool, busiest: &str) -> Stop {
        Stop::Endless {
            seen: format!(
                "more than {} messages were generated (`max_generated`): {busiest}",
                count(max_generated)
            ),
            help: match answers {
                true => {
                    "let an answer wait (`after: \"10ms\"`), answer only some messages, or raise `max_generated`"
                }
                false => "raise `max_generated`, or let the load be shorter or lower",
            },
        }
    }

    /// Agents answer each other without delay: `text` says how much and by whom.
    pub fn endless_answers(text: &str) -> Stop {
        Stop::Endless {
            seen: format!("the agents answer each other without delay: {text}"),
            help: "let an answer wait (`after: \"10ms\"`), or answer only some messages",
        }
    }

    /// Why the run ended, for people.
    pub fn in_words(&self) -> String {
        match self {
            Stop::Interrupted(None) => "interrupted".to_owned(),
            Stop::Interrupted(Some(reason)) => format!("interrupted: {reason}"),
            Stop::CoreFailed(failure) => format!("the core failed: {failure}"),
            Stop::CoreUnclean(error) => format!("the core did not end well: {error}"),
            Stop::Behaviour(error) => {
                let text = error.0.to_string();
                format!("a callback failed: {}", text.lines().next().unwrap_or_default())
            }
            Stop::Endless { seen, .. } => seen.clone(),
        }
    }
}
