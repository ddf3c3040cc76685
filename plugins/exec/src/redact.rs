//! Hides the values of the option `env` in every text that is told.

/// The text that stands for a secret.
const HIDDEN: &str = "***";
/// The shortest value that counts as a secret, in bytes. Shorter ones would be cut out of ordinary words.
const SECRET_MIN: usize = 3;

/// The values that must not be shown.
#[derive(Debug, Clone, Default)]
pub struct Redactor(Vec<String>);

impl Redactor {
    /// Takes the values of the variables in the option `env`.
    pub fn new(env: &[(String, String)]) -> Redactor {
        let mut values: Vec<String> =
            env.iter().map(|(_, value)| value.clone()).filter(|value| value.len() >= SECRET_MIN).collect();
        // Longer values are replaced first, because a shorter one may be part of them.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Redactor(values)
    }

    /// The text with all secrets replaced.
    pub fn clean(&self, text: String) -> String {
        self.0.iter().fold(text, |text, value| match text.contains(value) {
            true => text.replace(value, HIDDEN),
            false => text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_struck_out_wherever_they_stand() {
        let pair = |value: &str| ("NAME".to_owned(), value.to_owned());
        let redactor = Redactor::new(&[pair("tiger"), pair("tiger-lily"), pair("1"), pair("")]);
        let text = "no tiger-lily, no tigers: 1".to_owned();
        assert_eq!(redactor.clean(text), "no ***, no ***s: 1");
    }
}
