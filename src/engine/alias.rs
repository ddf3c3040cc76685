//! Weighted choice in constant time.

/// An alias table (Walker 1977, built by Vose's method 1991): one draw of 64 bits chooses an index.
#[derive(Debug, Clone)]
pub struct AliasTable {
    /// For each column: the share (of 2³²) that keeps its own index, and the index that gets the rest.
    columns: Vec<(u64, u32)>,
}

impl AliasTable {
    /// A table for these weights, which must be positive.
    pub fn new(weights: &[f64]) -> AliasTable {
        let n = weights.len();
        let sum: f64 = weights.iter().sum();
        let mut shares: Vec<f64> = weights.iter().map(|w| w * n as f64 / sum).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| shares[i] < 1.0);
        let mut columns: Vec<(u64, u32)> = (0..n as u32).map(|i| (1 << 32, i)).collect();
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            columns[low] = ((shares[low] * 4_294_967_296.0) as u64, high as u32);
            shares[high] -= 1.0 - shares[low];
            if shares[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        AliasTable { columns }
    }

    /// The index chosen by 64 random bits.
    #[inline]
    pub fn choose(&self, bits: u64) -> usize {
        let column = (((bits >> 32) * self.columns.len() as u64) >> 32) as usize;
        let (stays, other) = self.columns[column];
        if (bits & 0xffff_ffff) < stays { column } else { other as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqscript_plugin::random::Stream;

    #[test]
    fn shares_are_the_weights() {
        let weights = [55.0, 15.0, 10.0, 20.0];
        let table = AliasTable::new(&weights);
        let mut stream = Stream::from_key(9);
        let mut seen = [0u32; 4];
        let n = 1_000_000;
        for _ in 0..n {
            seen[table.choose(stream.next_u64())] += 1;
        }
        for (count, weight) in seen.iter().zip(weights) {
            let share = weight / 100.0;
            let sigma = (share * (1.0 - share) / f64::from(n)).sqrt();
            assert!((f64::from(*count) / f64::from(n) - share).abs() < 4.0 * sigma, "{seen:?}");
        }
    }

    #[test]
    fn one_weight_is_always_chosen_and_tiny_ones_hardly_ever() {
        assert_eq!(AliasTable::new(&[0.3]).choose(u64::MAX), 0);
        let table = AliasTable::new(&[1e-12, 1.0]);
        let mut stream = Stream::from_key(1);
        assert!((0..10_000).all(|_| table.choose(stream.next_u64()) == 1));
    }
}
