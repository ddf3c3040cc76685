//! MessageMarks on messages: which of them have done something already.

use std::collections::HashSet;

/// A bit for each message, by sender.
#[derive(Debug, Clone, Default)]
pub(super) struct MessageMarks {
    by_sender: Vec<Vec<u64>>,
    /// Of messages to all agents, by agent as well.
    broadcasts: HashSet<(u32, u64, u32)>,
}

impl MessageMarks {
    /// MessageMarks a message for an agent. Returns whether it was not marked before.
    pub fn mark(&mut self, message: (u32, u64), to_all_at: Option<u32>) -> bool {
        let (sender, sequence) = message;
        if let Some(agent) = to_all_at {
            return self.broadcasts.insert((sender, sequence, agent));
        }
        let (word, bit) = ((sequence / 64) as usize, 1 << (sequence % 64));
        if self.by_sender.len() <= sender as usize {
            self.by_sender.resize_with(sender as usize + 1, Vec::new);
        }
        let words = &mut self.by_sender[sender as usize];
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        let is_new = words[word] & bit == 0;
        words[word] |= bit;
        is_new
    }

    /// Whether a message is marked for an agent.
    pub fn has(&self, message: (u32, u64), to_all_at: Option<u32>) -> bool {
        let (sender, sequence) = message;
        if let Some(agent) = to_all_at {
            return self.broadcasts.contains(&(sender, sequence, agent));
        }
        let words = self.by_sender.get(sender as usize);
        words
            .and_then(|words| words.get((sequence / 64) as usize))
            .is_some_and(|word| word >> (sequence % 64) & 1 != 0)
    }
}
