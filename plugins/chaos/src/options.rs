//! The options, read for one run.

use crate::chance::{Chance, Exclusive};
use crate::outage::{Mode, Outage};
use crate::read::{bad, by_either, distribution, duration, scope, share};
use crate::scope::Scope;
use crate::throttle::{Excess, Throttle};
use crate::windows::Windows;
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::prelude::*;
use mqscript_plugin::random::{Stream, text_key};
use mqscript_plugin::units::{MILLISECOND_NS, SECOND_NS, parse_rate};
use serde_json::{Map, Value};

/// The faults of which at most one strikes an attempt, in the order of their draws.
pub const SENDING: [&str; 3] = ["crash", "refuse", "uncertain"];
/// The faults of which at most one strikes a copy, in the order of their draws.
pub const RECEIVING: [&str; 4] = ["drop", "duplicate", "corrupt", "reorder"];
/// How much later a spike comes unless it says so.
const SPIKE_BY: Distribution = Distribution::Uniform { min: 0, max: 500 * MILLISECOND_NS };

/// Later outcomes and copies.
#[derive(Debug, Clone)]
pub struct Later {
    /// The share of attempts that are late.
    pub chance: Chance,
    /// How much later they come, in nanoseconds.
    pub by: Distribution,
    /// The messages that it may hit.
    pub scope: Scope,
}

/// A channel that is good or bad (Gilbert 1960, Elliott 1963), in continuous time.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Share refused while it is good.
    pub good: Chance,
    /// Share refused while it is bad.
    pub bad: Chance,
    /// The spans of time in which it is bad.
    pub bad_spans: Windows,
    /// The attempts that it may hit.
    pub scope: Scope,
}

/// The settings that the options describe.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The exclusive faults in [`SENDING`].
    pub sending: Exclusive<3>,
    /// The exclusive faults in [`RECEIVING`].
    pub receiving: Exclusive<4>,
    /// Latency spikes, if there are any.
    pub spike: Option<Later>,
    /// A delay for every attempt.
    pub delay: Option<Later>,
    /// Spans of time without service.
    pub outages: Vec<Outage>,
    /// A limit on the rate.
    pub throttle: Option<Throttle>,
    /// Refusals that come in bursts.
    pub burst: Option<Channel>,
}

impl Settings {
    /// Reads the options; without any of them, the defaults. The host has checked their form against the schema.
    pub fn read(options: &Options, run: &Run) -> Result<Settings, Error> {
        let plain = options.is_empty();
        let fault = |name: &str| match options.get(name) {
            Some(value) => Ok((share(name, by_either(value, "rate"))?, scope(name, value, run)?)),
            None if plain && name == "crash" => Ok((0.01, Scope::EVERYWHERE)),
            None => Ok((0.0, Scope::EVERYWHERE)),
        };
        let default_spike =
            plain.then(|| Later { chance: Chance::new(0.05), by: SPIKE_BY, scope: Scope::EVERYWHERE });
        let settings = Settings {
            sending: exclusive(SENDING, fault, "an attempt")?,
            receiving: exclusive(RECEIVING, fault, "a copy")?,
            spike: options.get("spike").map(|value| spike(value, run)).transpose()?.or(default_spike),
            delay: options.get("delay").map(|value| delay(value, run)).transpose()?,
            outages: options.get("outage").map_or(Ok(Vec::new()), |value| outages(value, run))?,
            throttle: options.get("throttle").map(|value| throttle(value, run)).transpose()?,
            burst: options.get("burst").map(|value| burst(value, run)).transpose()?,
        };
        Ok(settings.without_effectless())
    }

    /// Leaves out what never does anything, so that the session need not ask.
    fn without_effectless(mut self) -> Settings {
        self.spike = self.spike.filter(|spike| spike.chance != Chance::NEVER);
        self.delay = self.delay.filter(|delay| delay.by != Distribution::Constant(0));
        self.burst = self.burst.filter(|burst| burst.good != Chance::NEVER || burst.bad != Chance::NEVER);
        self
    }

    /// The same settings, their times counted from the start of the load.
    #[must_use]
    pub fn starting_at(mut self, load_start_ns: u64) -> Settings {
        let shift = |scope: &mut Scope| *scope = scope.clone().starting_at(load_start_ns);
        self.sending.scopes.iter_mut().chain(&mut self.receiving.scopes).for_each(shift);
        self.spike.iter_mut().chain(&mut self.delay).for_each(|later| shift(&mut later.scope));
        self.throttle.iter_mut().for_each(|throttle| shift(&mut throttle.scope));
        for outage in &mut self.outages {
            shift(&mut outage.scope);
            outage.windows = outage.windows.clone().starting_at(load_start_ns);
        }
        if let Some(burst) = &mut self.burst {
            shift(&mut burst.scope);
            burst.bad_spans = burst.bad_spans.clone().starting_at(load_start_ns);
        }
        self
    }

    /// Whether nothing is ever done.
    pub fn is_calm(&self) -> bool {
        self.sending.is_calm()
            && self.receiving.is_calm()
            && self.spike.is_none()
            && self.delay.is_none()
            && self.outages.is_empty()
            && self.throttle.is_none()
            && self.burst.is_none()
    }

    /// The receiving faults that may strike.
    pub fn receiving_faults(&self) -> impl Iterator<Item = &'static str> {
        RECEIVING
            .into_iter()
            .enumerate()
            .filter(|(fault, _)| self.receiving.has(*fault))
            .map(|(_, name)| name)
    }

    /// Whether anything makes an outcome or a copy late.
    pub fn shifts(&self) -> bool {
        self.spike.is_some() || self.delay.is_some() || self.holds()
    }

    /// Whether the outcome of an attempt that goes on may be hidden.
    pub fn hides_outcomes(&self) -> bool {
        self.sending.has(2)
    }

    /// Whether an outage holds back what comes from below.
    pub fn holds(&self) -> bool {
        self.outages.iter().any(|outage| outage.mode == Mode::Hold)
    }
}

fn exclusive<const N: usize>(
    names: [&'static str; N],
    fault: impl Fn(&str) -> Result<(f64, Scope), Error>,
    what: &str,
) -> Result<Exclusive<N>, Error> {
    let mut faults: [(f64, Scope); N] = std::array::from_fn(|_| (0.0, Scope::EVERYWHERE));
    for (slot, name) in faults.iter_mut().zip(names) {
        *slot = fault(name)?;
    }
    let sum: f64 = faults.iter().map(|fault| fault.0).sum();
    if sum > 1.0 + 1e-9 {
        let rates = names.iter().zip(&faults).filter(|(_, fault)| fault.0 > 0.0);
        let rates: Vec<String> =
            rates.map(|(name, fault)| format!("`{name}` {}", percent(fault.0))).collect();
        let (rates, sum) = (rates.join(", "), percent(sum));
        return Err(Error::config(format!(
            "{rates}: together {sum}, but at most one of them strikes {what}, so their rates sum to at most 100%"
        )));
    }
    Ok(Exclusive::new(faults))
}

/// A share for people, without the noise of its last bits.
fn percent(share: f64) -> String {
    format!("{}%", (share * 1e8).round() / 1e6)
}

fn spike(value: &Value, run: &Run) -> Result<Later, Error> {
    let by = value.get("by").map_or(Ok(SPIKE_BY), |by| distribution("spike.by", by))?;
    let chance = Chance::new(share("spike", by_either(value, "rate"))?);
    Ok(Later { chance, by, scope: scope("spike", value, run)? })
}

fn delay(value: &Value, run: &Run) -> Result<Later, Error> {
    let restricted = value.get("by").is_some();
    let scope = if restricted { scope("delay", value, run)? } else { Scope::EVERYWHERE };
    let known = ["by", "types", "recipients", "from", "to"];
    if let Some(map) = value.as_object().filter(|map| !restricted && !map.keys().any(|key| is_law(key))) {
        let keys: Vec<&str> = map.keys().map(String::as_str).collect();
        let found = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
        return Err(bad(
            "delay.by",
            format!("it is missing; there is {found}, and possible are {}", known.join(", ")),
        ));
    }
    if let Some(map) = value.as_object().filter(|_| restricted)
        && let Some(key) = map.keys().find(|key| !known.contains(&key.as_str()))
    {
        return Err(bad(&format!("delay.{key}"), format!("there is no such key, but {}", known.join(", "))));
    }
    Ok(Later { chance: Chance::new(1.0), by: distribution("delay", by_either(value, "by"))?, scope })
}

/// Whether a map with this key is a distribution.
fn is_law(key: &str) -> bool {
    ["uniform", "exponential", "normal", "lognormal", "empirical"].contains(&key)
}

fn outages(value: &Value, run: &Run) -> Result<Vec<Outage>, Error> {
    let list: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(i, item)| (format!("outage[{i}]"), item)).collect()
        }
        one => vec![("outage".to_owned(), one)],
    };
    list.into_iter().enumerate().map(|(i, (path, value))| outage(&path, i, value, run)).collect()
}

fn outage(path: &str, number: usize, value: &Value, run: &Run) -> Result<Outage, Error> {
    let lasts = distribution(&format!("{path}.lasts"), &value["lasts"])?;
    let windows = match (value.get("at"), value.get("every")) {
        (Some(at), None) => {
            let Distribution::Constant(lasts_ns) = lasts else {
                return Err(bad(&format!("{path}.lasts"), "an outage at a given time has one length"));
            };
            Windows::one(duration(&format!("{path}.at"), at)?, lasts_ns)
        }
        (None, Some(every)) => {
            let every = distribution(&format!("{path}.every"), every)?;
            if every.mean() + lasts.mean() < MILLISECOND_NS as f64 {
                return Err(bad(path, "outages follow one another in less than 1ms on average"));
            }
            let stream = Stream::sequential(run.seed(), text_key("chaos"), &format!("outage {number}"));
            Windows::random(every, lasts, stream)
        }
        _ => return Err(bad(path, "an outage has either `at` or `every`")),
    };
    let hold = value.get("mode").and_then(Value::as_str) == Some("hold");
    let mode = if hold { Mode::Hold } else { Mode::Refuse };
    Ok(Outage::new(number + 1, windows, mode, scope(path, value, run)?))
}

fn throttle(value: &Value, run: &Run) -> Result<Throttle, Error> {
    let rate = by_either(value, "rate");
    let rate = rate.as_str().map(parse_rate).ok_or_else(|| bad("throttle", "it is no rate"))?;
    let per_s = rate.map_err(|e| bad("throttle", e))?.per_s;
    if per_s <= 0.0 {
        return Err(bad("throttle", "nothing would ever pass: give a rate above zero, such as \"500/s\""));
    }
    let refuse = value.get("mode").and_then(Value::as_str) == Some("refuse");
    Ok(Throttle {
        interval_ns: ((SECOND_NS as f64 / per_s).round() as u64).max(1),
        bucket: value.get("bucket").and_then(Value::as_u64).unwrap_or(1).max(1),
        excess: if refuse { Excess::IsRefused } else { Excess::Waits },
        scope: scope("throttle", value, run)?,
        due_ns: 0,
    })
}

fn burst(value: &Value, run: &Run) -> Result<Channel, Error> {
    let none = Map::new();
    let map = value.as_object().unwrap_or(&none);
    let mean = |key: &str, otherwise: u64| {
        let at = format!("burst.{key}");
        let mean_ns = map.get(key).map_or(Ok(otherwise), |value| duration(&at, value))?;
        if mean_ns < MILLISECOND_NS {
            return Err(bad(&at, "the channel stays in a state for 1ms or more on average"));
        }
        Ok(Distribution::Exponential { mean: mean_ns as f64 })
    };
    let chance = |key: &str, otherwise: f64| {
        let rate = map.get(key).map_or(Ok(otherwise), |value| share(&format!("burst.{key}"), value))?;
        Ok(Chance::new(rate))
    };
    let stream = Stream::sequential(run.seed(), text_key("chaos"), "burst");
    Ok(Channel {
        good: chance("good", 0.0)?,
        bad: chance("bad", 1.0)?,
        bad_spans: Windows::random(mean("to_bad", 10 * SECOND_NS)?, mean("to_good", SECOND_NS)?, stream),
        scope: scope("burst", value, run)?,
    })
}
