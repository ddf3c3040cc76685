//! Which of many places are filled: a bitmap of three levels, in which the next one is found in a few steps.

/// Places, each filled or empty. A bit of a higher level says whether any bit of a word below is set.
#[derive(Debug)]
pub struct FilledPlaces {
    levels: [Vec<u64>; 3],
}

impl FilledPlaces {
    /// So many places, a multiple of 4,096, all empty.
    pub fn new(places: usize) -> FilledPlaces {
        FilledPlaces {
            levels: [vec![0; places / 64], vec![0; places / 4096], vec![0; places.div_ceil(262_144)]],
        }
    }

    /// Notes that a place is filled.
    #[inline(always)]
    pub fn set(&mut self, place: usize) {
        let word = &mut self.levels[0][place >> 6];
        let before = *word;
        *word = before | 1 << (place & 63);
        if before == 0 {
            self.levels[1][place >> 12] |= 1 << ((place >> 6) & 63);
            self.levels[2][place >> 18] |= 1 << ((place >> 12) & 63);
        }
    }

    /// Notes that a place is empty.
    #[inline(always)]
    pub fn clear(&mut self, place: usize) {
        let word = &mut self.levels[0][place >> 6];
        *word &= !(1 << (place & 63));
        if *word == 0 {
            self.clear_above(place);
        }
    }

    #[inline(never)]
    fn clear_above(&mut self, place: usize) {
        let word = &mut self.levels[1][place >> 12];
        *word &= !(1 << ((place >> 6) & 63));
        if *word == 0 {
            self.levels[2][place >> 18] &= !(1 << ((place >> 12) & 63));
        }
    }

    /// The first place at or after `place` that is filled.
    #[inline(always)]
    pub fn next(&self, place: usize) -> Option<usize> {
        let word = place >> 6;
        let bits = self.levels[0].get(word)? & (!0 << (place & 63));
        if bits != 0 {
            return Some((word << 6) | bits.trailing_zeros() as usize);
        }
        self.next_word(word + 1)
    }

    #[inline(never)]
    fn next_word(&self, word: usize) -> Option<usize> {
        let group = word >> 6;
        let bits = self.levels[1].get(group)? & (!0 << (word & 63));
        let word = if bits != 0 {
            (group << 6) | bits.trailing_zeros() as usize
        } else {
            let group = self.next_group(group + 1)?;
            (group << 6) | self.levels[1][group].trailing_zeros() as usize
        };
        Some((word << 6) | self.levels[0][word].trailing_zeros() as usize)
    }

    fn next_group(&self, group: usize) -> Option<usize> {
        let first = group >> 6;
        let masked = self.levels[2].get(first)? & (!0 << (group & 63));
        if masked != 0 {
            return Some((first << 6) | masked.trailing_zeros() as usize);
        }
        let later = self.levels[2][first + 1..].iter().position(|bits| *bits != 0)? + first + 1;
        Some((later << 6) | self.levels[2][later].trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Against a plain set.
        #[test]
        fn the_next_filled_place_is_found(steps in prop::collection::vec((0usize..1 << 20, prop::bool::ANY), 1..200)) {
            let mut filled = FilledPlaces::new(1 << 20);
            let mut set = BTreeSet::new();
            for (place, fill) in steps {
                if fill {
                    filled.set(place);
                    set.insert(place);
                } else if let Some(filled_place) = set.pop_first() {
                    filled.clear(filled_place);
                }
                prop_assert_eq!(filled.next(place), set.range(place..).next().copied());
                prop_assert_eq!(filled.next(0), set.first().copied());
            }
        }
    }
}
