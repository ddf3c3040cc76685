//! "Did you mean": the nearest known name to one that is not known.

/// The known name that is nearest to `name`, if any is near enough to be meant.
///
/// Near is an edit distance (transpositions count once) of at most a third of the longer name, at least 1, or the
/// same name but for case, hyphens and underscores. The very name is no suggestion.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(name);
    known
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| {
            let other = self::plain(candidate);
            let distance = strsim::osa_distance(&plain, &other);
            let longest = plain.chars().count().max(other.chars().count());
            let near = distance <= (longest / 3).max(1) && distance < longest;
            near.then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The help line "did you mean `…`?" for the nearest known name.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|meant| format!("did you mean `{meant}`?"))
}

/// The known names as "one of a, b, c", or "c" where there is only one.
pub fn one_of<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match known.as_slice() {
        [] => "nothing here: there is none".to_owned(),
        [one] => (*one).to_owned(),
        several => format!("one of {}", several.join(", ")),
    }
}

/// More names than a person reads.
const NAMES_MANY: usize = 20;
/// The most suggestions that are shown.
const NAMES_SHOWN: usize = 6;

/// As [`one_of`], but of many names only those that are nearest to `name`, and where `all` of them are found.
pub fn one_of_near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>, all: &str) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if known.len() <= NAMES_MANY {
        return one_of(known);
    }
    let plain = plain(name);
    // Those that are not near keep their own order, in which the most usual come first.
    let far = plain.chars().count().max(3) / 2;
    let mut nearest: Vec<(usize, &str)> = known
        .iter()
        .map(|known| (strsim::osa_distance(&plain, &self::plain(known)).min(far), *known))
        .collect();
    nearest.sort_by_key(|(distance, _)| *distance);
    let shown: Vec<&str> = nearest.iter().take(NAMES_SHOWN).map(|(_, name)| *name).collect();
    let more = known.len() - shown.len();
    format!("{} or one of {more} more{}{all}", shown.join(", "), if all.is_empty() { "" } else { "; " })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_the_nearest_are_shown() {
        assert_eq!(one_of([]), "nothing here: there is none");
        assert_eq!(one_of(["a"]), "a");
        assert_eq!(one_of(["a", "b"]), "one of a, b");
        let names: Vec<String> = (0..40).map(|number| format!("agent-{number}")).collect();
        let shown = one_of_near("agent-3x", names.iter().map(String::as_str), "see the list");
        assert!(
            shown.starts_with("agent-3, ") && shown.ends_with(" or one of 34 more; see the list"),
            "{shown}"
        );
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["rate", "arrival", "batch_size", "recipient"];
        assert_eq!(nearest("rte", known), Some("rate"));
        assert_eq!(nearest("arival", known), Some("arrival"));
        assert_eq!(nearest("batchSize", known), Some("batch_size"));
        assert_eq!(nearest("recpient", known), Some("recipient"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("x", ["y"]), None);
    }
}
