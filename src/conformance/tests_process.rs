//! A core in the host's process.

use super::bench::{Bench, Judged, Stop, ensure};
use super::rules::Rule;
use super::system::Surroundings;
use super::tests_session::receiving;

/// A whole life; what is asked of it is seen from outside.
pub fn lived(bench: &Bench, _: &Surroundings) -> Judged {
    bench.play(&receiving(bench)?).map(|_| ())
}

pub fn signals(bench: &Bench, before: &Surroundings) -> Judged {
    if before.signals.is_empty() {
        return Err(Stop::Inapplicable("this system does not tell".to_owned()));
    }
    bench.play(&receiving(bench)?)?;
    let after = Surroundings::now();
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

pub fn surroundings(bench: &Bench, before: &Surroundings) -> Judged {
    bench.play(&receiving(bench)?)?;
    let after = Surroundings::now();
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
