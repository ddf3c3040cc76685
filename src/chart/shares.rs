//! The parts of a whole, as one bar.

use super::drawing::{Drawing, WIDTH};
use super::kinds::Shares;

const HEIGHT: f64 = 34.0;
/// Also the smallest part can be seen.
const LEAST: f64 = 4.0;
const GAP: f64 = 1.5;

/// Draws the bar; its height.
pub(super) fn draw(shares: &Shares, drawing: &mut Drawing) -> f64 {
    let parts: Vec<_> = shares.parts.iter().filter(|part| part.value > 0).collect();
    let mut from = 0.0;
    for (part, width) in parts.iter().zip(widths(parts.iter().map(|part| part.value).collect())) {
        drawing.rect(&format!("part {}", part.class), (from, 0.0), (width, HEIGHT), &part.about);
        from += width + GAP;
    }
    HEIGHT
}

/// The width of each part: in proportion, but for those that would not be seen. They take from the others.
fn widths(values: Vec<u64>) -> Vec<f64> {
    let room = WIDTH - GAP * values.len().saturating_sub(1) as f64;
    let all: u128 = values.iter().map(|value| u128::from(*value)).sum();
    let fair: Vec<f64> = values.iter().map(|value| *value as f64 / all as f64 * room).collect();
    let raised: f64 = fair.iter().map(|width| (LEAST - width).max(0.0)).sum();
    let broad: f64 = fair.iter().map(|width| (width - LEAST).max(0.0)).sum();
    let shrunk = if broad > 0.0 { (broad - raised).max(0.0) / broad } else { 0.0 };
    fair.into_iter().map(|width| LEAST + (width - LEAST).max(0.0) * shrunk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_in_proportion_and_fill_the_bar() {
        assert_eq!(widths(vec![5]), [WIDTH]);
        let even = widths(vec![1, 3]);
        assert!((even[0] * 3.0 - even[1]).abs() < 1e-9, "{even:?}");
        let small = widths(vec![1_000_000, 1, 500_000, 1]);
        assert!((small.iter().sum::<f64>() - (WIDTH - 3.0 * GAP)).abs() < 1e-9, "{small:?}");
        assert_eq!((small[1], small[3]), (LEAST, LEAST));
        assert!((small[0] / small[2] - 2.0).abs() < 0.05, "{small:?}");
        assert!(widths(vec![u64::MAX, u64::MAX]).iter().all(|width| width.is_finite()));
    }
}
