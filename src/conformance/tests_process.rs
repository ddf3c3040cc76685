//! A core in the host's process.

use super::bench::{Bench, Judged, TestStop, ensure};
use super::rules::Rule;
use super::system::{Sentinels, SystemState};
use super::tests_session::receiving;
use crate::cores::raw::changed_while_loading;

/// A whole life; what is asked of it is seen from outside.
pub fn lived(bench: &Bench, _: &SystemState) -> Judged {
    bench.play(&receiving(bench)?).map(|_| ())
}

pub fn signals(bench: &Bench, before: &SystemState) -> Judged {
    if before.signals.is_empty() {
        return Err(TestStop::Inapplicable("this system does not tell".to_owned()));
    }
    bench.play(&receiving(bench)?)?;
    let after = SystemState::now();
    for ((key, was), (_, is)) in before.signals.iter().zip(&after.signals) {
        ensure(was == is, Rule::Signals, || {
            let what = match key.as_str() {
                "SigBlk" => "blocked",
                "SigIgn" => "ignored",
                _ => "caught",
            };
            let changed = was ^ is;
            let numbers: Vec<String> =
                (0..64).filter(|bit| changed >> bit & 1 == 1).map(|bit| (bit + 1).to_string()).collect();
            format!("it changed which signals are {what}: {}", numbers.join(", "))
        })?;
    }
    Ok(())
}

/// What a library changed while it was loaded was put back at once, and noted.
fn loading_left(what: &str, rule: Rule) -> Judged {
    let changed = changed_while_loading();
    let found = changed.iter().find(|changed| changed.contains(what));
    ensure(found.is_none(), rule, || found.cloned().unwrap_or_default())
}

pub fn file_mode(bench: &Bench, before: &SystemState) -> Judged {
    let Some(was) = &before.file_mode else {
        return Err(TestStop::Inapplicable("this system does not tell".to_owned()));
    };
    bench.play(&receiving(bench)?)?;
    let is = SystemState::now().file_mode.unwrap_or_default();
    ensure(is == *was, Rule::FileMode, || format!("the mask of new files was {was}, and is {is}"))
}

pub fn resource_limits(bench: &Bench, before: &SystemState) -> Judged {
    loading_left("the limit", Rule::ResourceLimits)?;
    bench.play(&receiving(bench)?)?;
    let after = SystemState::now();
    for ((name, was), (_, is)) in before.limits.iter().zip(&after.limits) {
        ensure(was == is, Rule::ResourceLimits, || format!("the limit on {name} was {was}, and is {is}"))?;
    }
    Ok(())
}

pub fn rounding(bench: &Bench, _: &SystemState) -> Judged {
    loading_left("rounded", Rule::Rounding)?;
    bench.play(&receiving(bench)?)?.keeps(&[Rule::Rounding])
}

pub fn foreign_descriptors(bench: &Bench, _: &SystemState) -> Judged {
    let sentinels = Sentinels::new().map_err(|error| TestStop::Inapplicable(error.to_string()))?;
    bench.play(&receiving(bench)?)?;
    let lost = sentinels.lost();
    ensure(lost.is_none(), Rule::Descriptors, || {
        format!("it closed the descriptor {}, which the program had opened", lost.unwrap_or_default())
    })
}

pub fn descriptor_flags(bench: &Bench, before: &SystemState) -> Judged {
    bench.play(&receiving(bench)?)?;
    let after = SystemState::now();
    ensure(before.streams.len() == after.streams.len(), Rule::Descriptors, || {
        "it closed a standard stream".to_owned()
    })?;
    for ((name, was), (_, is)) in before.streams.iter().zip(&after.streams) {
        ensure(was == is, Rule::Descriptors, || {
            format!("the flags of {name} were {was:#o}, and are {is:#o}")
        })?;
    }
    Ok(())
}

pub fn process_group(bench: &Bench, before: &SystemState) -> Judged {
    bench.play(&receiving(bench)?)?;
    let after = SystemState::now().groups;
    ensure(before.groups == after, Rule::Groups, || {
        let shown = |groups: Option<(u32, u32)>| {
            groups.map_or("unknown".to_owned(), |(session, group)| format!("{session} and {group}"))
        };
        format!("session and process group were {}, and are {}", shown(before.groups), shown(after))
    })
}

pub fn surroundings(bench: &Bench, before: &SystemState) -> Judged {
    loading_left("the working folder", Rule::Surroundings)?;
    bench.play(&receiving(bench)?)?;
    let after = SystemState::now();
    ensure(before.folder == after.folder, Rule::Surroundings, || {
        let shown = |folder: &Option<std::path::PathBuf>| {
            folder.as_ref().map_or("nowhere".to_owned(), |path| path.display().to_string())
        };
        format!("the working folder was {}, and is {}", shown(&before.folder), shown(&after.folder))
    })?;
    let changed = before
        .environment
        .keys()
        .chain(after.environment.keys())
        .find(|key| before.environment.get(*key) != after.environment.get(*key));
    ensure(changed.is_none(), Rule::Surroundings, || {
        let name = changed.map_or(String::new(), |key| key.to_string_lossy().into_owned());
        format!("it changed the environment variable {name}")
    })
}
