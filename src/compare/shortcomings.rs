//! What several replications fell short of, whatever their numbers say.

use crate::numbers::listed;
use crate::results::comparisons::Replication;

/// More seeds than these are only counted.
const SEEDS_SHOWN: usize = 5;

/// A note for each: not valid, partial, checks that did not hold, checks that lag left undecided (with the first reason).
pub fn shortcomings(replications: &[Replication]) -> Vec<String> {
    let mut notes = Vec::new();
    let all = replications.len();
    let invalid = replications.iter().filter(|r| r.valid != Some(true)).count();
    if invalid > 0 {
        notes.push(format!("{invalid} of {all} replications are not valid"));
    }
    let seeds_where = |fell_short: &dyn Fn(&Replication) -> bool| {
        let seeds: Vec<u64> = replications.iter().filter(|r| fell_short(r)).map(|r| r.seed).collect();
        (seeds.len(), format!("{} of {all} replications: {}", seeds.len(), seeds_in_words(&seeds)))
    };
    match (partial(replications), seeds_where(&|replication| replication.partial.is_some())) {
        (Some((number, why)), (1, _)) => notes.push(format!("replication {number} is partial: {why}")),
        (Some((_, why)), (_, seeds)) => notes.push(format!("partial, the first for this: {why}: {seeds}")),
        (None, _) => {}
    }
    // What did not come to its end says nothing on checks.
    let whole = || replications.iter().filter(|replication| replication.partial.is_none());
    for check in unique(whole().flat_map(|replication| &replication.failed_checks)) {
        let (_, seeds) = seeds_where(&|r| r.partial.is_none() && r.failed_checks.contains(check));
        notes.push(format!("`{check}` does not hold in {seeds}"));
    }
    for check in unique(whole().flat_map(|replication| replication.undecided_checks.keys())) {
        let (_, seeds) = seeds_where(&|r| r.partial.is_none() && r.undecided_checks.contains_key(check));
        let why = whole().find_map(|replication| replication.undecided_checks.get(check));
        notes.push(format!("undecided: {}: `{check}` in {seeds}", why.map_or("", String::as_str)));
    }
    notes
}

/// Each once, in the order in which they first come.
fn unique<'a>(checks: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut known: Vec<&String> = Vec::new();
    for check in checks {
        if !known.contains(&check) {
            known.push(check);
        }
    }
    known
}

/// The first replication that ended before its time: its number, from 1, and why.
pub fn partial(replications: &[Replication]) -> Option<(usize, &str)> {
    let mut numbered = (1..).zip(replications);
    numbered.find_map(|(number, replication)| Some((number, replication.partial.as_deref()?)))
}

/// The seeds as people write them: "seeds 1, 4 and 5".
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
            undecided_checks: Default::default(),
            warnings: Vec::new(),
            version: String::new(),
            host: String::new(),
            values: Default::default(),
            never: Vec::new(),
            without_lag: Default::default(),
        }
    }

    #[test]
    fn what_was_not_played_to_its_end_is_not_said_to_fail_checks() {
        let cut = |seed| Replication { partial: Some("interrupted".to_owned()), ..replication(seed, &["a"]) };
        assert_eq!(shortcomings(&[replication(1, &[]), cut(2)]), ["replication 2 is partial: interrupted"]);
        assert_eq!(
            shortcomings(&[replication(1, &["a"]), cut(2), cut(3)]),
            [
                "partial, the first for this: interrupted: 2 of 3 replications: seeds 2 and 3",
                "`a` does not hold in 1 of 3 replications: seed 1"
            ]
        );
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

    /// A comparison that ends undecided says which check made it so.
    #[test]
    fn every_check_that_lag_left_undecided_is_named_with_its_seeds() {
        let late = |seed| Replication {
            undecided_checks: [("a".to_owned(), format!("messages were sent up to {seed} ms late"))].into(),
            ..replication(seed, &[])
        };
        assert_eq!(
            shortcomings(&[replication(1, &[]), late(2), late(5)]),
            ["undecided: messages were sent up to 2 ms late: `a` in 2 of 3 replications: seeds 2 and 5"]
        );
    }
}
