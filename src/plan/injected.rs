//! The core that a processor under test sends through: what flags about mock cores and about chaos mean there.

use super::CoreSpec;
use super::units::parse_share;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use serde_json::{Map, Value, json};

/// The core that serves programs of the user's own, and puts processors under test.
pub const EXEC: &str = "exec";
/// Its option for the injected core.
const INJECTED: &str = "mock";
/// The share of calls that the injected core lets succeed, unless something else is said.
const SUCCESS_RATE: f64 = 0.95;
/// What `--chaos` without a value does, as over any other core.
const USUAL: [(&str, &str); 2] = [("crash", "1%"), ("spike", "5%")];

impl CoreSpec {
    /// Whether it puts a processor under test.
    pub(super) fn is_processor(&self) -> bool {
        self.core == EXEC && self.options.get("mode").is_some_and(|mode| mode == "processor")
    }

    /// The options of the core that a processor under test sends through.
    pub(super) fn injected(&mut self) -> &mut Map<String, Value> {
        let slot = self.options.entry(INJECTED).or_insert_with(|| json!({}));
        if !slot.is_object() {
            *slot = json!({});
        }
        slot.as_object_mut().expect("just made")
    }

    /// The path of an option of a mock core, as `--core-option` names it here.
    pub(super) fn path_of_mock(&self, option: &str) -> String {
        if self.is_processor() { format!("{INJECTED}.{option}") } else { option.to_owned() }
    }
}

/// Lets the injected core crash, refuse and spike.
///
/// # Errors
/// A fault that it does not know, or a share that is none.
pub(super) fn lay_chaos(core: &mut CoreSpec, mut faults: Map<String, Value>) -> Result<(), Diagnostics> {
    if faults.is_empty() {
        faults.extend(USUAL.map(|(fault, share)| (fault.to_owned(), json!(share))));
    }
    let mut wrong = Diagnostics::new();
    for (fault, value) in faults {
        let injected = core.injected();
        match (fault.as_str(), value) {
            ("spike", Value::Object(map)) => {
                injected.insert(fault, Value::Object(map));
            }
            ("spike", share) => {
                injected.insert(fault, json!({ "rate": share }));
            }
            ("crash", value) => {
                injected.insert(fault, rate_of(value));
            }
            ("refuse", value) => match share_of(&rate_of(value)) {
                Ok(refused) => {
                    let succeeds = injected.get("success_rate").map_or(Ok(SUCCESS_RATE), share_of);
                    let rate = succeeds.unwrap_or(SUCCESS_RATE) * (1.0 - refused);
                    injected.insert("success_rate".to_owned(), json!(rate));
                }
                Err(fault) => wrong.push(*fault),
            },
            (other, _) => wrong.push(
                Diagnostic::new(Exit::Usage, format!("`--chaos` has no `{other}` for a processor under test"))
                    .expected("crash, refuse, or spike: they strike the messaging core that the processor sends through")
                    .help("`faults` kills or stops the processor itself: --core-option faults.kill.every=2s"),
            ),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The rate of a fault that is written as a share, or as a map with one.
fn rate_of(value: Value) -> Value {
    match value {
        Value::Object(map) => map.get("rate").cloned().unwrap_or_default(),
        share => share,
    }
}

fn share_of(value: &Value) -> Result<f64, Box<Diagnostic>> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    parse_share(&text).map_err(|error| {
        Diagnostic::new(Exit::Usage, "wrong value for `--chaos`")
            .found(format!("`refuse={}`", error.found))
            .expected(error.expected)
            .help_if(error.help)
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processor(options: Value) -> CoreSpec {
        let mut core = CoreSpec::plain(EXEC);
        core.options = options.as_object().unwrap().clone();
        core
    }

    #[test]
    fn chaos_strikes_the_injected_core() {
        let struck = |faults: Value| {
            let mut core = processor(json!({ "mode": "processor", "mock": { "success_rate": "80%" } }));
            lay_chaos(&mut core, faults.as_object().unwrap().clone()).map(|()| core.options["mock"].clone())
        };
        assert_eq!(
            struck(json!({})).unwrap(),
            json!({ "success_rate": "80%", "crash": "1%", "spike": { "rate": "5%" } })
        );
        assert_eq!(
            struck(json!({ "refuse": 0.5, "crash": { "rate": 0.1 } })).unwrap(),
            json!({ "success_rate": 0.4, "crash": 0.1 })
        );
        for wrong in [json!({ "drop": 0.1 }), json!({ "refuse": "much" })] {
            assert_eq!(struck(wrong).unwrap_err().exit(), Exit::Usage);
        }
    }
}
