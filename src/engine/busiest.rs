//! Finds the agents and types that an endless exchange consists of.

use super::clock::Clock;
use super::player::Player;
use crate::numbers::count;
use crate::plan::TypeId;

impl<C: Clock> Player<'_, C> {
    /// The agents and types with the most messages, in words, for an error about an endless exchange.
    pub fn busiest(&self) -> String {
        let types = self.setup.rules.types as usize;
        let of_type = |t: usize| {
            self.account.recorder.cells.iter().skip(t).step_by(types).map(|c| c.counts.generated).sum()
        };
        let kinds = most((0..types).map(|t| (of_type(t), t)));
        let kinds = kinds.map(|(sent, id)| {
            format!("{} of type `{}`", count(sent), self.texts.renderer.type_name(TypeId(id as u16)))
        });
        let agents = most(self.load.generator.agents.iter().map(|agent| agent.sequence).zip(0..));
        let agents = agents.map(|(sent, id)| {
            format!("{} from {}", count(sent), self.texts.renderer.parties.name(id as u32))
        });
        kinds.chain(agents).collect::<Vec<_>>().join(", ")
    }
}

/// The three largest counts that are not zero, largest first.
fn most(counts: impl Iterator<Item = (u64, usize)>) -> impl Iterator<Item = (u64, usize)> {
    let mut counts: Vec<(u64, usize)> = counts.filter(|(count, _)| *count > 0).collect();
    counts.sort_unstable_by_key(|(count, id)| (std::cmp::Reverse(*count), *id));
    counts.into_iter().take(3)
}
