//! Whole distributions among the results, in the encoding that all HdrHistogram tools share.

use super::cell::CellRecords;
use super::consumption::ConsumptionRecorder;
use super::histogram::Histogram;
use crate::results::Histograms;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::serialization::Deserializer;

/// The histograms of all messages together.
pub(super) fn histograms_of(all: &CellRecords) -> Histograms {
    let times = [
        ("queue_wait", &all.queue_wait),
        ("delivery", &all.delivery),
        ("total", &all.total),
        ("gave_up", &all.gave_up),
        ("end_to_end", &all.end_to_end),
        ("transit", &all.transit),
    ];
    let found = times.into_iter().filter_map(|(name, times)| Some((name.to_owned(), encode(times)?)));
    Histograms { all: found.collect(), ..Histograms::default() }
}

/// And of one type.
pub(super) fn add_type(histograms: &mut Histograms, name: &str, all: &CellRecords) {
    if let Some(transit) = encode(&all.transit) {
        histograms.transit_by_type.insert(name.to_owned(), transit);
    }
    if let Some(delivery) = encode(&all.delivery) {
        histograms.delivery_by_type.insert(name.to_owned(), delivery);
    }
}

/// The compressed V2 encoding (HdrHistogram's `EncodableHistogram`), which every library reads, and most read nothing
/// else: a cookie, a length, and the V2 encoding as a zlib stream.
/// Adds the times of consumers.
pub(super) fn add_consumers(histograms: &mut Histograms, consumption: &ConsumptionRecorder) {
    let all = consumption.all();
    for (name, times) in [("held", &all.held), ("service", &all.service), ("completion", &all.completion)] {
        histograms.all.extend(encode(times).map(|text| (name.to_owned(), text)));
    }
}

fn encode(times: &Histogram) -> Option<String> {
    const COOKIE: u32 = 0x1c84_9304 | 0x10;
    let stream = zlib(&encode_v2(times)?);
    let mut bytes = Vec::with_capacity(8 + stream.len());
    for word in [COOKIE, stream.len() as u32] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(stream);
    Some(BASE64_STANDARD.encode(bytes))
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951, §3.2.4).
///
/// *Rationale.* A run's digest covers these bytes: it must not change with the version of a compressor. Nor would
/// compressing gain much, as runs of zeros are already one number.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    const BLOCK_MAX: usize = u16::MAX as usize;
    // Deflate with a window of 32 KiB, lowest level.
    let mut stream = vec![0x78, 0x01];
    let (mut a, mut b) = (1_u64, 0_u64);
    let mut blocks = bytes.chunks(BLOCK_MAX).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
        for byte in block {
            a += u64::from(*byte);
            b += a;
        }
        (a, b) = (a % 65_521, b % 65_521);
    }
    stream.extend(((b << 16 | a) as u32).to_be_bytes());
    stream
}

/// The V2 encoding: a header of 40 bytes, then the counts from place 0 to that of the largest value, each as a ZigZag
/// LEB128 number; a negative one stands for so many zeros. None without a value.
///
/// *Rationale.* The library's own serialiser wants a whole histogram, and clears half a megabyte to write two
/// kilobytes, some seven times a run.
fn encode_v2(times: &Histogram) -> Option<Vec<u8>> {
    const COOKIE: u32 = 0x1c84_9303 | 0x10;
    const DIGITS: u32 = 3;
    let exact = times.exact();
    if exact.count == 0 {
        return None;
    }
    let (mut counts, mut next) = (Vec::new(), 0);
    for (place, count) in times.counts() {
        match place - next {
            0 => {}
            1 => number(0, &mut counts),
            zeros => number(-(zeros as i64), &mut counts),
        }
        number(count as i64, &mut counts);
        next = place + 1;
    }
    let [lowest, highest] = [1, exact.max.max(2)];
    let mut bytes = Vec::with_capacity(40 + counts.len());
    for word in [COOKIE, counts.len() as u32, 0, DIGITS] {
        bytes.extend(word.to_be_bytes());
    }
    for word in [lowest, highest, 1f64.to_bits()] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(counts);
    Some(bytes)
}

/// ZigZag LEB128 in at most nine bytes, the last of which has all of its eight bits.
fn number(value: i64, bytes: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    for _ in 0..8 {
        if rest < 0x80 {
            break;
        }
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
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
    use hdrhistogram::serialization::{Serializer, V2Serializer};
    use mqscript_plugin::random::Stream;

    #[test]
    fn the_encoding_is_the_library_s_to_the_byte() {
        let mut stream = Stream::from_key(5);
        for round in 0..200 {
            let mut times = Histogram::default();
            for i in 0..1 + stream.below(300) {
                times.record(stream.below(1 << (1 + (i + round) % 44)));
            }
            // Up to counts that take all nine bytes.
            for _ in 0..[0, 0, 5, 30, 54][round as usize % 5] {
                let twin = times.clone();
                times.merge(&twin);
            }
            let mut bytes = Vec::new();
            V2Serializer::new().serialize(&times.to_hdr(), &mut bytes).unwrap();
            assert_eq!(encode_v2(&times), Some(bytes), "round {round}");
        }
    }

    #[test]
    fn what_was_encoded_is_read_again() {
        let mut times = Histogram::default();
        assert_eq!(encode(&times), None);
        let values = [0, 1, 900, 5_000_000, 5_000_000, 3_600_000_000_000, 90_000_000_000_000];
        values.into_iter().for_each(|value| times.record(value));
        let text = encode(&times).unwrap();
        let read = decode(&text).unwrap();
        assert_eq!(read, times.to_hdr());
        assert_eq!(read.len(), 7);
        // The cookie of compressed V2: other tools know the encoding by it.
        assert!(text.starts_with("HISTF"), "{text}");
        for wrong in ["", "HISTF", "no base64!", &text[..text.len() - 8]] {
            assert!(decode(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_earlier_versions_encoded_is_still_read() {
        let mut times = Histogram::default();
        [7, 4_000_000, 5_000_000].into_iter().for_each(|value| times.record(value));
        let plain = BASE64_STANDARD.encode(encode_v2(&times).unwrap());
        assert!(plain.starts_with("HISTE"), "{plain}");
        assert_eq!(decode(&plain).unwrap(), decode(&encode(&times).unwrap()).unwrap());
    }

    #[test]
    fn a_histogram_of_several_blocks_is_read_again() {
        let mut times = Histogram::default();
        (0..52)
            .flat_map(|bit| (0..1_000).map(move |step| (1 << bit) + (step << bit) / 1_000))
            .for_each(|v| times.record(v));
        for _ in 0..20 {
            let twin = times.clone();
            times.merge(&twin);
        }
        assert!(encode_v2(&times).unwrap().len() > 2 * usize::from(u16::MAX));
        assert_eq!(decode(&encode(&times).unwrap()).unwrap(), times.to_hdr());
    }
}
