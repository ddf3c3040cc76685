//! Who plays the plans that a script makes.

use crate::diagnostics::Diagnostics;
use crate::engine::Behaviour;
use crate::plan::Plan;
use crate::results::Run;
use std::path::Path;

/// Plays plans: the engine with its cores, or a stand-in.
pub trait PlanPlayer {
    /// Plays a plan to its end and judges its checks. Files that the plan's core names are relative to `base`.
    ///
    /// # Errors
    /// The core cannot be had, fails, or a behaviour failed; an interrupted run is no error but a partial result.
    fn play(&mut self, plan: &Plan, base: &Path, behaviour: &mut dyn Behaviour) -> Result<Run, Diagnostics>;

    /// Plays several plans, each with the behaviour made for it, and gives their results in the same order. Whatever is
    /// played side by side, the results are those of playing one after the other.
    ///
    /// # Errors
    /// As for [`PlanPlayer::play`]; the first fault in order.
    fn play_all(
        &mut self,
        plans: &[Plan],
        base: &Path,
        behaviour: &BehaviourOf<'_>,
    ) -> Result<Vec<Run>, Diagnostics> {
        plans.iter().enumerate().map(|(i, plan)| self.play(plan, base, &mut *behaviour(i))).collect()
    }

    /// Plays plans on the same cores on the virtual clock, one after the other, to see what their settings do: nobody is
    /// shown anything, and nothing is written down. `None` if that is not possible, or one did not come to its end.
    fn rehearse(&mut self, _plans: &[Plan], _base: &Path, _behaviour: &BehaviourOf<'_>) -> Option<Vec<Run>> {
        None
    }
}

/// Makes the behaviour of a plan, on the thread that plays it; the number is the plan's place in the list.
pub type BehaviourOf<'a> = dyn Fn(usize) -> Box<dyn Behaviour + 'a> + Sync + 'a;
