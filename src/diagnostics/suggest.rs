//! "Did you mean": the nearest known name to one that is not known.

/// The known name that is nearest to `name`, if any is near enough to be meant.
///
/// Near is an edit distance (transpositions count once) of at most a third of the longer name, at least 1, or the
/// same name but for case, hyphens and underscores.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(name);
    known
        .into_iter()
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

#[cfg(test)]
mod tests {
    use super::*;

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
