//! Axes: where a value lies on them, and the values that have a label.

use crate::numbers::{amount, percent, rate, span};

const SECOND: f64 = 1e9;
/// Steps of times from a minute on, in seconds: what clocks and calendars divide evenly.
const CLOCK_STEPS: [f64; 13] = [
    60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0,
    604_800.0,
];
/// The most steps on a vertical axis, so that labels of any size have room.
pub(super) const STEPS_UP: usize = 4;
/// The most steps on a horizontal axis.
pub(super) const STEPS_ALONG: usize = 6;

/// What the values of an axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxisUnit {
    /// The values are times in nanoseconds.
    Time,
    /// Events in a second.
    PerSecond,
    /// The values are numbers of things.
    Count,
    /// Shares of 1, shown in percent.
    Share,
    /// Changes as shares of 1, shown in percent with their sign.
    Change,
}

impl AxisUnit {
    /// The value with its unit.
    pub fn shown(self, value: f64) -> String {
        match self {
            AxisUnit::Time => span(value.max(0.0).round() as u64),
            AxisUnit::PerSecond => rate(value),
            AxisUnit::Count => amount(value),
            AxisUnit::Share => percent(value),
            AxisUnit::Change => match value {
                0.0 => "0 %".to_owned(),
                value if value < 0.0 => format!("−{}", percent(-value)),
                value => format!("+{}", percent(value)),
            },
        }
    }

    /// The value as a label of an axis: short, and nothing is nothing in any unit.
    fn on_axis(self, value: f64) -> String {
        match self {
            _ if value == 0.0 => "0".to_owned(),
            AxisUnit::Share => format!("{} %", trimmed(value * 100.0)),
            AxisUnit::Change if value < 0.0 => format!("−{} %", trimmed(-value * 100.0)),
            AxisUnit::Change => format!("+{} %", trimmed(value * 100.0)),
            unit => round_off(&unit.shown(value)),
        }
    }
}

/// A value with its unit, without zeros at the end of its decimals: "15.0 ms" is "15 ms".
fn round_off(text: &str) -> String {
    let (number, unit) =
        text.split_once(' ').map_or((text, ""), |(number, _)| (number, &text[number.len()..]));
    match number.contains('.') && number.ends_with('0') {
        true => format!("{}{unit}", number.trim_end_matches('0').trim_end_matches('.')),
        false => text.to_owned(),
    }
}

/// The number with as few decimals as it needs, eight at most.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.8}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxisScale {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long.
    Logarithmic,
    /// For shares below 1: equal ratios of what lies beyond them are equally long, as in plots of HdrHistogram.
    Beyond,
}

/// An axis from its least value to its largest.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartAxis {
    /// What the values are, in a few words.
    pub label: String,
    /// The unit of the values.
    pub unit: AxisUnit,
    /// How the values are spread.
    pub scale: AxisScale,
    /// The value at its beginning.
    pub least: f64,
    /// The value at its end.
    pub most: f64,
}

/// A value with a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: String,
}

impl ChartAxis {
    /// An axis from zero to at least `most`, which is rounded up to a labelled value.
    pub fn from_zero(label: &str, unit: AxisUnit, most: f64) -> ChartAxis {
        let most = if most > 0.0 && most.is_finite() { most } else { 1.0 };
        let step = step(unit, most / STEPS_UP as f64);
        let most = (most / step - 1e-9).ceil() * step;
        ChartAxis { label: label.to_owned(), unit, scale: AxisScale::Linear, least: 0.0, most }
    }

    /// An axis over these values: from zero, or by ratios where they differ widely. Values of 0 and below do not count.
    pub fn fitting(label: &str, unit: AxisUnit, values: impl Iterator<Item = f64>) -> ChartAxis {
        let (least, most) = values
            .filter(|value| *value > 0.0 && value.is_finite())
            .fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        if most <= 30.0 * least {
            return ChartAxis::from_zero(label, unit, most);
        }
        let label = format!("{label}, logarithmic");
        let (least, most) = (10f64.powf(least.log10().floor()), 10f64.powf((most.log10() - 1e-9).ceil()));
        ChartAxis { label, unit, scale: AxisScale::Logarithmic, least, most }
    }

    /// Where a value lies between the beginning, 0, and the end, 1; values outside lie at the nearer end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let along = |value: f64| match self.scale {
            AxisScale::Linear => value,
            AxisScale::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
            AxisScale::Beyond => -(1.0 - value).max(1e-12).log10(),
        };
        let (from, to) = (along(self.least), along(self.most));
        if to > from { ((along(value) - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The values that have a label, ascending, with at most so many steps between them.
    pub(super) fn ticks(&self, steps: usize) -> Vec<Tick> {
        let values = match self.scale {
            AxisScale::Linear => self.even(steps),
            AxisScale::Logarithmic => self.powers(steps),
            AxisScale::Beyond => self.nines(),
        };
        let tick = |value: f64| Tick { value, label: self.unit.on_axis(value) };
        values.into_iter().map(tick).collect()
    }

    fn even(&self, steps: usize) -> Vec<f64> {
        let step = step(self.unit, (self.most - self.least) / steps as f64);
        let (first, last) =
            ((self.least / step - 1e-9).ceil() as i64, (self.most / step + 1e-9).floor() as i64);
        (first..=last).map(|place| place as f64 * step).collect()
    }

    fn powers(&self, steps: usize) -> Vec<f64> {
        let (first, last) = (self.least.log10().round() as i32, self.most.log10().round() as i32);
        let each = ((last - first) as usize).div_ceil(steps).max(1);
        (first..=last).step_by(each).map(|power| 10f64.powi(power)).collect()
    }

    fn nines(&self) -> Vec<f64> {
        let nines = [0.0, 0.5, 0.9, 0.99, 0.999, 0.999_9, 0.999_99, 0.999_999, 0.999_999_9];
        nines.into_iter().filter(|share| *share >= self.least && *share <= self.most + 1e-12).collect()
    }
}

/// The smallest round step that is not below `least`.
fn step(unit: AxisUnit, least: f64) -> f64 {
    if unit == AxisUnit::Time && least > 30.0 * SECOND {
        let days = CLOCK_STEPS[CLOCK_STEPS.len() - 1] * SECOND;
        let fits =
            CLOCK_STEPS.iter().map(|seconds| seconds * SECOND).find(|step| *step >= least * (1.0 - 1e-9));
        return fits.unwrap_or_else(|| (least / days).ceil() * days);
    }
    // Nothing is counted in halves, and no time is shorter than a nanosecond.
    let least = if matches!(unit, AxisUnit::Count | AxisUnit::Time) { least.max(1.0) } else { least };
    let power = 10f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].into_iter().find(|round| round * power >= least * (1.0 - 1e-9));
    round.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &ChartAxis) -> String {
        let labels: Vec<String> = axis.ticks(STEPS_UP).into_iter().map(|tick| tick.label).collect();
        labels.join("|")
    }

    #[test]
    fn an_axis_from_zero_ends_with_a_round_value_and_has_few_labels() {
        for (unit, most, seen) in [
            (AxisUnit::Count, 7.0, "0|2|4|6|8"),
            (AxisUnit::Count, 1.0, "0|1"),
            (AxisUnit::Count, 0.0, "0|1"),
            (AxisUnit::PerSecond, 187.0, "0|50/s|100/s|150/s|200/s"),
            (AxisUnit::Time, 43e6, "0|20 ms|40 ms|60 ms"),
            (AxisUnit::Time, 60e9, "0|20 s|40 s|60 s"),
            (AxisUnit::Time, 3_600e9, "0|30 m|1 h"),
            (AxisUnit::Time, 86_400e9, "0|6 h|12 h|18 h|1 d"),
            (AxisUnit::Share, 1.0, "0|50 %|100 %"),
        ] {
            assert_eq!(labels(&ChartAxis::from_zero("", unit, most)), seen, "{unit:?} to {most}");
        }
    }

    #[test]
    fn changes_have_their_sign() {
        let axis = ChartAxis {
            label: String::new(),
            unit: AxisUnit::Change,
            scale: AxisScale::Linear,
            least: -0.1,
            most: 0.1,
        };
        assert_eq!(labels(&axis), "−10 %|−5 %|0|+5 %|+10 %");
        assert_eq!(
            [0.125, -0.125, 0.0].map(|change| AxisUnit::Change.shown(change)),
            ["+12.5 %", "−12.5 %", "0 %"]
        );
    }

    #[test]
    fn values_that_differ_widely_are_spread_by_their_ratios() {
        let axis = ChartAxis::fitting("time", AxisUnit::Time, [0.0, 3e5, 4e6, 2e9].into_iter());
        assert_eq!((axis.scale, axis.least, axis.most), (AxisScale::Logarithmic, 1e5, 1e10));
        assert_eq!(labels(&axis), "100 µs|10 ms|1 s");
        assert!((axis.place(1e6) - 0.2).abs() < 1e-12 && axis.place(0.0) == 0.0 && axis.place(1e12) == 1.0);
        assert_eq!(ChartAxis::fitting("", AxisUnit::Time, [1e6, 29e6].into_iter()).scale, AxisScale::Linear);
        assert_eq!(ChartAxis::fitting("", AxisUnit::Time, [].into_iter()).most, 1.0);
    }

    #[test]
    fn each_nine_of_a_percentile_takes_the_same_room() {
        let axis = ChartAxis {
            label: String::new(),
            unit: AxisUnit::Share,
            scale: AxisScale::Beyond,
            least: 0.0,
            most: 0.999,
        };
        assert_eq!(labels(&axis), "0|50 %|90 %|99 %|99.9 %");
        let places = [0.9, 0.99, 0.999].map(|share| axis.place(share));
        assert!((places[0] - 1.0 / 3.0).abs() < 1e-9 && (places[1] - 2.0 / 3.0).abs() < 1e-9, "{places:?}");
    }
}
