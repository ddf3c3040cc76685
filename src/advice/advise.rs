//! What is played, and what is told of it.

use super::extent::Extent;
use super::judge::AdviceJudge;
use crate::plan::{Check, Group, Plan};
use crate::results::{Bottleneck, Run};

/// The cores that may be played again after a run: ours, of which nothing outlives a run.
const CORES: [&str; 2] = ["mock", "broker"];
const LAYERS: [&str; 1] = ["chaos"];

/// Everything that is needed to try settings out.
pub struct AdviceSetup<'a> {
    /// The plan that was played.
    pub plan: &'a Plan,
    /// What the script checked, beside the plan's own checks.
    pub checks: &'a [Check],
    /// The plan with a setting laid over it, as `--set` does; none where it is refused.
    pub with: &'a dyn Fn(&str) -> Option<Plan>,
    /// Plays plans on the virtual clock, unseen by anybody; none if one did not come to its end.
    pub play: &'a mut dyn FnMut(Vec<Plan>) -> Option<Vec<Run>>,
}

/// What limits a run, with settings that were tried and help; where its cores cannot be played on the virtual clock, with
/// settings that are not refused.
pub fn tried(run: &Run, stage: AdviceSetup<'_>) -> Vec<Bottleneck> {
    let AdviceSetup { plan, checks, with, play } = stage;
    let mut bottlenecks = run.limits.clone();
    if run.partial.is_some() {
        bottlenecks.iter_mut().for_each(|bottleneck| bottleneck.setting = None);
        return bottlenecks;
    }
    let mut plans = Vec::new();
    for bottleneck in &mut bottlenecks {
        let found = bottleneck.setting.take().and_then(|setting| laid_over(&setting, plan, with));
        if let Some((setting, changed)) = found {
            bottleneck.setting = Some(setting);
            plans.push(changed);
        }
    }
    if plans.is_empty() || !can_be_played(run) {
        return bottlenecks;
    }
    let results = Extent::of(run, plan, plans.len())
        .and_then(|extent| Some((extent, play(extent.of_each(plan, plans)?)?)));
    let mut with = Vec::new();
    let mut judge = None;
    if let Some((extent, mut results)) = results {
        with = results.split_off(usize::from(!extent.is_whole()));
        judge = Some(AdviceJudge {
            run,
            without: results.pop(),
            checks: plan.checks.iter().chain(checks).collect(),
        });
    }
    let mut with = with.iter();
    for bottleneck in &mut bottlenecks {
        let Some(setting) = bottleneck.setting.take() else { continue };
        let Some((judge, with)) = judge.as_ref().zip(with.next()) else { continue };
        match judge.verdict(&setting, with) {
            Ok(tried) => (bottleneck.setting, bottleneck.tried) = (Some(setting), Some(tried)),
            Err(why) => bottleneck.help = format!("`{setting}` was played: {why}"),
        }
    }
    bottlenecks
}

/// What is known without playing anything: no setting.
pub fn untried(bottlenecks: &mut [Bottleneck]) {
    bottlenecks
        .iter_mut()
        .filter(|bottleneck| bottleneck.tried.is_none())
        .for_each(|bottleneck| bottleneck.setting = None);
}

/// Whether the cores of a run can be played again on the virtual clock, with nothing at stake.
fn can_be_played(run: &Run) -> bool {
    CORES.contains(&run.core.id.as_str())
        && run.core.layers.iter().all(|layer| LAYERS.contains(&layer.id.as_str()))
}

/// The setting as it is typed, and the plan with it: an arrival may stand in the scenario or in its only group.
fn laid_over(setting: &str, plan: &Plan, with: &dyn Fn(&str) -> Option<Plan>) -> Option<(String, Plan)> {
    let of_group = format!("agents[0].{setting}");
    let forms = [setting, &of_group];
    let forms = &forms[..if setting.starts_with("arrival.") { 2 } else { 1 }];
    forms.iter().find_map(|form| {
        let changed = with(form)?;
        let of_groups = |plan: &Plan| {
            let of_group = |group: &Group| (group.count, group.arrival.clone(), group.consumer.clone());
            plan.groups.iter().map(of_group).collect::<Vec<_>>()
        };
        let differs = of_groups(&changed) != of_groups(plan)
            || changed.processor != plan.processor
            || changed.queue != plan.queue;
        differs.then(|| ((*form).to_owned(), changed))
    })
}
