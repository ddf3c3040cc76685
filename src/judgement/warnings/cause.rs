//! What may make a number doubtful, and how it is told.

use super::few_samples::TooFew;
use super::growth::Growth;
use super::sent_late;
use super::short_lease::{SHORT_LEASE_WHY, ShortLease};
use crate::numbers::{amount, count, listed, percent, rate, span};
use crate::plan::units::human_duration;
use crate::results::{GENERATOR_LIMITED, Shortfall, Warning};

/// The cause of a warning, with the facts that its text states.
#[derive(Debug, Clone, PartialEq)]
pub enum WarningCause {
    /// The load was generated too late or not in full.
    GeneratorLimited {
        /// Share of the window's arrivals that were generated in it.
        generated: f64,
        /// 99th percentile of the schedule lag.
        lag_ns: u64,
        /// The largest that the plan allows, if it says, and lag exceeds it.
        lag_max_ns: Option<u64>,
    },
    /// Messages were sent so late that it shows in the figures.
    SentLate {
        /// 99th percentile of the schedule lag.
        lag_ns: u64,
        /// Maximum of the schedule lag.
        lag_max_ns: u64,
        /// 99th percentile of `total`; none if nothing was delivered.
        total_ns: Option<u64>,
        /// The same percentile without the lag.
        without_ns: Option<u64>,
        /// Whether the checks would come out the same without the lag.
        decided: bool,
    },
    /// Fewer than ten messages lie beyond a percentile that is shown.
    FewSamples {
        /// The number of messages delivered.
        count: u64,
        /// The highest percentile with ten messages beyond it.
        reliable: Option<&'static str>,
        /// What to change so that the run becomes longer.
        longer: &'static str,
    },
    /// Fewer than ten messages lie beyond a percentile that somebody named.
    FewSamplesOf {
        /// The percentile that was named.
        figure: String,
        /// The number of messages, and the number it takes.
        too_few: TooFew,
        /// The replications of a comparison in which it is so; none for a single run.
        replications: Option<String>,
        /// What to change so that the run becomes longer.
        longer: &'static str,
    },
    /// Times changed for good within the measured window.
    NotSettled {
        /// When they changed, in nanoseconds of the run.
        at_ns: u64,
        /// The mean total time before, in nanoseconds.
        before_ns: f64,
        /// The mean total time from then on, in nanoseconds.
        after_ns: f64,
        /// Whether it was in the first half of the window.
        early: bool,
    },
    /// More came than was done, so that waits grow for as long as the load lasts.
    QueueGrowing(Growth),
    /// A few stretches of the run are far slower than the others.
    Outliers {
        /// The number of such stretches, and of all stretches.
        stretches: (usize, usize),
        /// The length of each.
        length_ns: u64,
        /// The start of the slowest.
        worst_at_ns: u64,
        /// Its mean total time, in nanoseconds.
        worst_ns: f64,
        /// The median of all stretches, in nanoseconds.
        median_ns: f64,
        /// Whether the machine had a part in it.
        live: bool,
    },
    /// Messages of which nobody knows whether they were delivered.
    Uncertain {
        /// The number of such messages.
        count: u64,
        /// Why most of them are.
        reason: Option<String>,
    },
    /// Messages without an outcome.
    Unanswered {
        /// The number of such messages.
        count: u64,
        /// What would have given them an outcome.
        help: String,
    },
    /// Copies that are not as they were sent, where nobody promised that they would be.
    Altered {
        /// The number of such copies.
        count: u64,
        /// The fields that differ in most of them.
        fields: String,
    },
    /// Consumers whose work often takes longer than the lease of what they work on.
    LeaseShorterThanWork(ShortLease),
    /// A load that ends by a count ended before it.
    CountNotReached {
        /// The number of messages asked for.
        asked: u64,
        /// The number of those that were generated.
        generated: u64,
        /// Why the load ended early.
        because: Shortfall,
    },
    /// No message was intended for the measured window.
    NothingMeasured,
    /// One replication of a comparison lies far from the others of its alternative.
    OutlyingReplication {
        /// The name of the alternative.
        alternative: String,
        /// The path of the figure.
        figure: String,
        /// The seed of the replication.
        seed: u64,
        /// Its value, for people.
        value: String,
        /// The mean of the others, for people.
        others: String,
    },
    /// Two alternatives deliver different shares of their messages.
    DifferentSuccess {
        /// Their names, the baseline's first.
        alternatives: [String; 2],
        /// Their success rates, for people.
        rates: [String; 2],
    },
    /// Live results come from several machines.
    DifferentHosts(Vec<String>),
    /// Results come from several versions of mqscript.
    DifferentVersions(Vec<String>),
}

const FEW_WHY: &str = "a percentile with fewer than ten messages beyond it moves from seed to seed";

fn ns(value: f64) -> String {
    human_duration(value.max(0.0).round() as u64)
}

impl WarningCause {
    /// Its kind, as results name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::GeneratorLimited { .. } => GENERATOR_LIMITED,
            Self::SentLate { .. } => "sent_late",
            Self::FewSamples { .. } | Self::FewSamplesOf { .. } => "few_samples",
            Self::NotSettled { .. } => "not_settled",
            Self::QueueGrowing(_) => "queue_growing",
            Self::Outliers { .. } | Self::OutlyingReplication { .. } => "outliers",
            Self::Uncertain { .. } => "uncertain",
            Self::Unanswered { .. } => "unanswered",
            Self::Altered { .. } => "altered",
            Self::DifferentSuccess { .. } => "different_success_rates",
            Self::LeaseShorterThanWork(_) => "lease_shorter_than_work",
            Self::CountNotReached { .. } => "count_not_reached",
            Self::NothingMeasured => "nothing_measured",
            Self::DifferentHosts(_) => "different_hosts",
            Self::DifferentVersions(_) => "different_versions",
        }
    }

    /// The warning as text, for results and reports.
    pub fn warning(&self) -> Warning {
        let (why, help) = self.why_and_help();
        Warning { kind: self.kind().to_owned(), seen: self.seen(), why: why.to_owned(), help }
    }

    fn seen(&self) -> String {
        match self {
            Self::LeaseShorterThanWork(lease) => lease.seen(),
            Self::GeneratorLimited { lag_ns, lag_max_ns: Some(allowed), .. } => format!(
                "messages were sent late: p99 of schedule_lag is {}, max_schedule_lag allows {}",
                human_duration(*lag_ns),
                human_duration(*allowed)
            ),
            Self::GeneratorLimited { generated, lag_ns, .. } => format!(
                "this machine could not produce the load: {} of the arrivals of the window were generated only \
                 after it, and p99 of schedule_lag is {}",
                percent(1.0 - generated),
                human_duration(*lag_ns)
            ),
            Self::SentLate { lag_ns, lag_max_ns, total_ns, without_ns, .. } => {
                sent_late::seen(*lag_ns, *lag_max_ns, total_ns.zip(*without_ns))
            }
            Self::FewSamples { count, .. } => messages(*count, "was delivered", "were delivered"),
            Self::FewSamplesOf { figure, too_few, replications, .. } => match replications {
                Some(told) => {
                    format!("in {told} replications: {figure} of {} messages", count(too_few.count))
                }
                None => format!("a check names {figure} of {} messages", count(too_few.count)),
            },
            Self::NotSettled { at_ns, before_ns, after_ns, .. } => format!(
                "times changed for good at {}: mean {} before, {} after",
                span(*at_ns),
                ns(*before_ns),
                ns(*after_ns)
            ),
            Self::QueueGrowing(growth) => {
                let (what, done) = match growth.of_copies {
                    true => ("copies", "received"),
                    false => ("messages", "done"),
                };
                format!(
                    "the backlog grew from {} to {} {what} under load: {} came, {} were {done}",
                    amount(growth.early.round()),
                    amount(growth.late.round()),
                    rate(growth.offered_per_s),
                    rate(growth.done_per_s)
                )
            }
            Self::Outliers {
                stretches: (some, all), length_ns, worst_at_ns, worst_ns, median_ns, ..
            } => {
                format!(
                    "{some} of {all} stretches of {} stand out: mean {} from {} on, against a median of {}",
                    span(*length_ns),
                    ns(*worst_ns),
                    span(*worst_at_ns),
                    ns(*median_ns)
                )
            }
            Self::Uncertain { count, .. } => messages(*count, "is uncertain", "are uncertain"),
            Self::Unanswered { count, .. } => {
                let rest = "had no final outcome when the run ended";
                messages(*count, rest, rest)
            }
            Self::Altered { count: number, fields } => {
                let copies = if *number == 1 { "copy was" } else { "copies were" };
                format!("{} {copies} not as sent: {fields}", count(*number))
            }
            Self::CountNotReached { asked, generated, .. } => {
                format!("{} of {} messages were generated", count(*generated), count(*asked))
            }
            Self::NothingMeasured => "no message fell due in the measured window".to_owned(),
            Self::OutlyingReplication { alternative, figure, seed, value, others } => format!(
                "`{alternative}`: {figure} with seed {seed} is {value}, while the others have {others} on average"
            ),
            Self::DifferentSuccess { alternatives: [a, b], rates: [rate_a, rate_b] } => {
                format!("`{a}` delivers {rate_a} of its messages, `{b}` {rate_b}")
            }
            Self::DifferentHosts(hosts) => format!("they ran on {}", hosts.join("; and on ")),
            Self::DifferentVersions(versions) => format!("mqscript {}", listed(versions)),
        }
    }

    fn why_and_help(&self) -> (&'static str, String) {
        let (why, help) = match self {
            Self::LeaseShorterThanWork(lease) => return (SHORT_LEASE_WHY, lease.help()),
            Self::GeneratorLimited { lag_max_ns: Some(_), .. } => (
                "times hold what this machine was late, for they count from the moment at which a message was due",
                "lower the rate, use a machine with a free processor, or raise max_schedule_lag",
            ),
            Self::GeneratorLimited { .. } => (
                "the load was lighter than asked for, so figures may look better than they would be",
                "lower the rate, or use a machine with a free processor",
            ),
            Self::SentLate { decided, .. } => sent_late::why_and_help(*decided),
            Self::FewSamples { reliable, longer, .. } => {
                let which = match reliable {
                    Some("p99") => "p99 can be relied on, p99.9 cannot",
                    Some("p95") => "p95 can be relied on, p99 cannot",
                    Some("p90") => "p90 can be relied on, p95 cannot",
                    Some(_) => "p50 can be relied on, p90 cannot",
                    None => "no percentile can be relied on",
                };
                return (FEW_WHY, format!("{which}: run longer ({longer})"));
            }
            Self::FewSamplesOf { figure, too_few, longer, .. } => {
                let help =
                    format!("run longer ({longer}): {figure} takes {} messages", count(too_few.needed));
                return (FEW_WHY, help);
            }
            Self::NotSettled { at_ns, early, .. } => {
                let why = "the figures mix two states, and their shares depend on how long the run was";
                let help = match early {
                    true => format!(
                        "leave the beginning out: --set warm_up={}s",
                        at_ns.div_ceil(crate::plan::units::SECOND_NS)
                    ),
                    false => "look for what happened then, or run longer (--duration)".to_owned(),
                };
                return (why, help);
            }
            Self::QueueGrowing(_) => (
                "waits grow for as long as the load lasts: they tell how long that was, not how fast the system is",
                "lower the rate (--rate), or raise what limits the run",
            ),
            Self::Outliers { live, .. } => (
                "a mean more than ten robust standard deviations above the median, and five times it, is no noise: \
                 something held the system up, and the tail shows mostly that",
                match live {
                    true => "see whether it comes back (--repeats 5), and what else the machine did",
                    false => "see whether it comes back with other seeds (--repeats 5)",
                },
            ),
            Self::Uncertain { count, reason } => (
                match count {
                    1 => "the core did not say whether it was delivered",
                    _ => "the core did not say whether they were delivered",
                },
                match reason.as_deref() {
                    Some("timeout") => {
                        "find out why the core takes so long, or allow for it (processor.timeout)"
                    }
                    Some("core_failed") => "find out why the core failed",
                    _ => "look at what the core told on the way",
                },
            ),
            Self::Unanswered { count, help } => {
                let why = match count {
                    1 => "its time is in no figure",
                    _ => "their times are in no figure",
                };
                return (why, help.clone());
            }
            Self::Altered { .. } => (
                "the processor changed them on the way, which it may mean to do",
                "to have such a run judged invalid, let the core promise \"unaltered\"",
            ),
            Self::CountNotReached { because: Shortfall::HandOversUsedUp, .. } => (
                "max_messages were handed over, and the agents wait for outcomes or for room that never come",
                "ask for no more messages than max_messages",
            ),
            Self::CountNotReached { because: Shortfall::CoreSilent, .. } => (
                "nothing came from the core any more, and the agents wait for its answers",
                "look at the core and its notices; a longer drain waits longer, processor.timeout gives attempts up",
            ),
            Self::CountNotReached { because: Shortfall::NothingToCome, .. } => (
                "no arrival was left, and no callback sent anything: the load ended there",
                "ask for fewer messages, or let the arrivals go on",
            ),
            Self::NothingMeasured => (
                "there is no figure that a check could look at",
                "run longer (--duration), raise the rate, or shorten warm_up",
            ),
            Self::OutlyingReplication { .. } => (
                "it alone widens the interval and moves the mean (Grubbs' test, 1 % over all figures)",
                "look at that run alone (--seed), or take more replications (--repeats)",
            ),
            Self::DifferentSuccess { .. } => (
                "total is of delivered messages only: it is measured over different messages on each side, and whoever \
                 gives up early looks fast",
                "go by total_all, in which what was not delivered is later than any time, and by success_rate",
            ),
            Self::DifferentHosts(_) => (
                "on the wall clock the machine is part of what is measured",
                "run both on one machine, best in one go (run --compare)",
            ),
            Self::DifferentVersions(_) => (
                "another version may measure differently, or play other traffic with the same seed",
                "run both with one version, unless that is what you compare",
            ),
        };
        (why, help.to_owned())
    }
}

/// "1 message is …", "2 messages are …".
fn messages(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 message {one}"),
        _ => format!("{} messages {many}", count(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_spoken_of_as_one() {
        let told = |cause: WarningCause| format!("{}: {}", cause.seen(), cause.why_and_help().0);
        assert_eq!(
            told(WarningCause::Uncertain { count: 1, reason: None }),
            "1 message is uncertain: the core did not say whether it was delivered"
        );
        assert_eq!(
            told(WarningCause::Uncertain { count: 2, reason: None }),
            "2 messages are uncertain: the core did not say whether they were delivered"
        );
        assert_eq!(
            told(WarningCause::Unanswered { count: 1, help: String::new() }),
            "1 message had no final outcome when the run ended: its time is in no figure"
        );
        let few = WarningCause::FewSamples { count: 1, reliable: None, longer: "--duration" };
        assert_eq!(few.seen(), "1 message was delivered");
    }
}
