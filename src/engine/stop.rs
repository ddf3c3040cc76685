//! The reasons why a run ends before its time.

use super::behaviour::BehaviourError;
use crate::cores::{CoreError, CoreFailure};
use crate::numbers::count;

/// Why a run ended before its time.
#[derive(Debug)]
pub enum Stop {
    /// The observer ended it, with a reason if it had one.
    Interrupted(Option<String>),
    /// The core failed during the run.
    CoreFailed(CoreFailure),
    /// A core failed only when it was taken down.
    CoreUnclean(CoreError),
    /// A callback of an agent failed.
    Behaviour(BehaviourError),
    /// The run would never have ended.
    Endless {
        /// What was seen that would not end.
        seen: String,
        /// What the user can do about it.
        help: &'static str,
    },
}

impl Stop {
    /// The reason for a run that generated more than `max_generated`; `busiest` says by whom.
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

    /// The reason for agents that answer each other without delay; `text` says how much and by whom.
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
