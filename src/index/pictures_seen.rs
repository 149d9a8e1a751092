//! A set of pictures by number: a bit each.

/// A set of pictures by number. Ten million take 1.3 MB.
#[derive(Debug, Default)]
pub(super) struct PictureSet(Vec<u64>);

impl PictureSet {
    pub(super) fn insert(&mut self, image: i64) {
        let (word, bit) = place(image);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    pub(super) fn contains(&self, image: i64) -> bool {
        let (word, bit) = place(image);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    /// Takes out what `other` holds.
    pub(super) fn subtract(&mut self, other: &Self) {
        for (bits, taken) in self.0.iter_mut().zip(&other.0) {
            *bits &= !taken;
        }
    }

    /// The numbers, from the least.
    pub(super) fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.0.iter().enumerate().flat_map(|(word, &bits)| {
            let set = (0..64).filter(move |bit| bits >> bit & 1 == 1);
            set.map(move |bit| (word * 64 + bit) as i64)
        })
    }
}

/// Numbers of pictures are counted from 1, and never given twice.
fn place(image: i64) -> (usize, u64) {
    let image = image.max(0).cast_unsigned();
    ((image / 64) as usize, 1 << (image % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_the_set_that_the_standard_library_has(
            first in prop::collection::btree_set(1i64..5000, 0..60),
            second in prop::collection::btree_set(1i64..5000, 0..60),
        ) {
            let mut set = PictureSet::default();
            first.iter().for_each(|&image| set.insert(image));
            let mut other = PictureSet::default();
            second.iter().for_each(|&image| other.insert(image));
            prop_assert!(first.iter().all(|&image| set.contains(image)));
            set.subtract(&other);
            let left: BTreeSet<i64> = first.difference(&second).copied().collect();
            prop_assert_eq!(set.is_empty(), left.is_empty());
            prop_assert_eq!(set.iter().collect::<BTreeSet<_>>(), left);
        }
    }
}
