//! Whole distributions among the results, in the encoding that all HdrHistogram tools share.

use super::histogram::Histogram;
use super::recorder::Cell;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Distributions of times in nanoseconds over the measured window: HdrHistogram's V2 encoding, in Base64, three
/// significant digits. Those without a value are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Histograms {
    /// By the name of the figure: `queue_wait`, `delivery`, `total`, `gave_up`, `end_to_end`.
    pub all: BTreeMap<String, String>,
    /// `delivery` by message type.
    pub delivery_by_type: BTreeMap<String, String>,
}

impl Histograms {
    /// Of all messages together.
    pub(super) fn of(all: &Cell) -> Histograms {
        let times = [
            ("queue_wait", &all.queue_wait),
            ("delivery", &all.delivery),
            ("total", &all.total),
            ("gave_up", &all.gave_up),
            ("end_to_end", &all.end_to_end),
        ];
        let found = times.into_iter().filter_map(|(name, times)| Some((name.to_owned(), encode(times)?)));
        Histograms { all: found.collect(), delivery_by_type: BTreeMap::new() }
    }

    /// And of one type.
    pub(super) fn add_type(&mut self, name: &str, all: &Cell) {
        if let Some(delivery) = encode(&all.delivery) {
            self.delivery_by_type.insert(name.to_owned(), delivery);
        }
    }
}

fn encode(times: &Histogram) -> Option<String> {
    if times.exact().count == 0 {
        return None;
    }
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(&times.to_hdr(), &mut bytes).ok()?;
    Some(BASE64_STANDARD.encode(bytes))
}

/// Reads one of them.
///
/// # Errors
/// The text is none.
pub fn decode(text: &str) -> anyhow::Result<hdrhistogram::Histogram<u64>> {
    let bytes = BASE64_STANDARD.decode(text)?;
    Ok(Deserializer::new().deserialize(&mut bytes.as_slice())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_read_again() {
        let mut times = Histogram::default();
        assert_eq!(encode(&times), None);
        let values = [0, 1, 900, 5_000_000, 5_000_000, 3_600_000_000_000];
        values.into_iter().for_each(|value| times.record(value));
        let text = encode(&times).unwrap();
        let read = decode(&text).unwrap();
        assert_eq!(read, times.to_hdr());
        assert_eq!(read.len(), 6);
        // The cookie of V2: other tools know the encoding by it.
        assert!(text.starts_with("HISTE"), "{text}");
        for wrong in ["", "HISTE", "no base64!", &text[..text.len() - 8]] {
            assert!(decode(wrong).is_err(), "{wrong}");
        }
    }
}
