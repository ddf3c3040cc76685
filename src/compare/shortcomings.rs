//! What several replications fell short of, whatever their numbers say.

use crate::metrics::comparisons::Replication;
use crate::report::listed;

/// More seeds than these are only counted.
const SEEDS_SHOWN: usize = 5;

/// A note for each: not valid, partial, checks that did not hold.
pub fn shortcomings(replications: &[Replication]) -> Vec<String> {
    let mut notes = Vec::new();
    let all = replications.len();
    let invalid = replications.iter().filter(|r| r.valid != Some(true)).count();
    if invalid > 0 {
        notes.push(format!("{invalid} of {all} replications are not valid"));
    }
    if let Some((number, why)) = partial(replications) {
        notes.push(format!("replication {number} is partial: {why}"));
    }
    let mut checks: Vec<&String> = Vec::new();
    for check in replications.iter().flat_map(|replication| &replication.failed_checks) {
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    for check in checks {
        let failed = replications.iter().filter(|replication| replication.failed_checks.contains(check));
        let seeds: Vec<u64> = failed.map(|replication| replication.seed).collect();
        let (failed, seeds) = (seeds.len(), seeds_in_words(&seeds));
        notes.push(format!("`{check}` does not hold in {failed} of {all} replications: {seeds}"));
    }
    notes
}

/// The first replication that ended before its time: its number, from 1, and why.
pub fn partial(replications: &[Replication]) -> Option<(usize, &str)> {
    let mut numbered = (1..).zip(replications);
    numbered.find_map(|(number, replication)| Some((number, replication.partial.as_deref()?)))
}

/// "seeds 1, 4 and 5"
fn seeds_in_words(seeds: &[u64]) -> String {
    let mut words: Vec<String> = seeds.iter().take(SEEDS_SHOWN).map(u64::to_string).collect();
    if seeds.len() > SEEDS_SHOWN {
        words.push(format!("{} more", seeds.len() - SEEDS_SHOWN));
    }
    format!("{} {}", if seeds.len() == 1 { "seed" } else { "seeds" }, listed(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replication(seed: u64, failed: &[&str]) -> Replication {
        Replication {
            seed,
            digest: String::new(),
            partial: None,
            valid: Some(true),
            failed_checks: failed.iter().map(|check| (*check).to_owned()).collect(),
            warnings: Vec::new(),
            version: String::new(),
            host: String::new(),
            values: Default::default(),
            never: Vec::new(),
            without_lag: Default::default(),
        }
    }

    #[test]
    fn every_check_that_failed_is_named_with_its_seeds() {
        assert!(shortcomings(&[replication(1, &[]), replication(2, &[])]).is_empty());
        let some = [replication(1, &["a"]), replication(2, &[]), replication(7, &["b", "a"])];
        assert_eq!(
            shortcomings(&some),
            [
                "`a` does not hold in 2 of 3 replications: seeds 1 and 7",
                "`b` does not hold in 1 of 3 replications: seed 7"
            ]
        );
        let many: Vec<Replication> = (1..=9).map(|seed| replication(seed, &["a"])).collect();
        let expected = "`a` does not hold in 9 of 9 replications: seeds 1, 2, 3, 4, 5 and 4 more";
        assert_eq!(shortcomings(&many), [expected]);
    }
}
