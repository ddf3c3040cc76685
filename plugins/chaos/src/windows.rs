//! Spans of time: given ones, or one after another at random.

use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::random::Stream;

/// How random spans follow one another, with a stream of their own that no message consumes.
#[derive(Debug, Clone)]
struct Law {
    /// From the end of one to the beginning of the next.
    every: Distribution,
    /// The length of the spans.
    lasts: Distribution,
    stream: Stream,
    /// Where the last span ended, in nanoseconds.
    ended_ns: u64,
}

/// Spans in order of time. One holds from its beginning until before its end.
#[derive(Debug, Clone)]
pub struct Windows {
    known: Vec<(u64, u64)>,
    law: Option<Law>,
}

impl Windows {
    /// Makes a single span of the given length.
    pub fn one(at_ns: u64, lasts_ns: u64) -> Windows {
        Windows { known: vec![(at_ns, at_ns.saturating_add(lasts_ns))], law: None }
    }

    /// Makes spans that follow each other, the first after a gap.
    pub fn random(every: Distribution, lasts: Distribution, stream: Stream) -> Windows {
        Windows { known: Vec::new(), law: Some(Law { every, lasts, stream, ended_ns: 0 }) }
    }

    /// The same spans, counted from the start of the load. To be asked before the first look.
    #[must_use]
    pub fn starting_at(mut self, load_start_ns: u64) -> Windows {
        for span in &mut self.known {
            *span = (span.0.saturating_add(load_start_ns), span.1.saturating_add(load_start_ns));
        }
        if let Some(law) = &mut self.law {
            law.ended_ns = load_start_ns;
        }
        self
    }

    /// The `index`-th span, if there is one.
    pub fn get(&mut self, index: usize) -> Option<(u64, u64)> {
        while self.known.len() <= index {
            let law = self.law.as_mut()?;
            // At least a nanosecond each, so that time goes on whatever is drawn.
            let gap_ns = law.every.sample(law.stream.next_u64()).max(1);
            let length_ns = law.lasts.sample(law.stream.next_u64()).max(1);
            let from_ns = law.ended_ns.saturating_add(gap_ns);
            law.ended_ns = from_ns.saturating_add(length_ns);
            self.known.push((from_ns, law.ended_ns));
        }
        Some(self.known[index])
    }

    /// The span that holds at this time.
    #[inline]
    pub fn around(&mut self, at_ns: u64) -> Option<(u64, u64)> {
        while self.law.is_some() && self.known.last().is_none_or(|span| span.1 <= at_ns) {
            self.get(self.known.len());
        }
        let after = self.known.partition_point(|span| span.0 <= at_ns);
        let span = *self.known.get(after.checked_sub(1)?)?;
        (at_ns < span.1).then_some(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> Windows {
        let mean = |mean| Distribution::Exponential { mean };
        Windows::random(mean(900.0), mean(100.0), Stream::from_key(5))
    }

    #[test]
    fn a_span_holds_from_its_beginning_until_before_its_end() {
        let mut one = Windows::one(10, 5).starting_at(100);
        assert_eq!([109, 110, 114, 115].map(|at| one.around(at).is_some()), [false, true, true, false]);
        assert_eq!((one.get(0), one.get(1)), (Some((110, 115)), None));
    }

    #[test]
    fn random_spans_do_not_depend_on_who_looks_when() {
        let (mut stepwise, mut at_once) = (random(), random());
        let last = at_once.around(1_000_000).is_some();
        for at_ns in 0..=1_000_000 {
            stepwise.around(at_ns);
        }
        assert_eq!(stepwise.around(1_000_000).is_some(), last);
        assert!((0..200).all(|i| stepwise.get(i) == at_once.get(i)));
    }

    #[test]
    fn random_spans_have_the_lengths_and_gaps_asked_for() {
        let mut windows = random();
        let inside = (0..2_000_000).filter(|at_ns| windows.around(*at_ns).is_some()).count();
        assert!((180_000..220_000).contains(&inside), "{inside}");
    }
}
