//! Disjoint sets (union-find): what is put together one pair at a time.

/// Sets of the numbers below a length, each named by the smallest in it, whatever the order in
/// which they are joined.
#[derive(Debug)]
pub(crate) struct DisjointSets(Vec<usize>);

impl DisjointSets {
    /// Every number by itself.
    pub(crate) fn new(length: usize) -> Self {
        Self((0..length).collect())
    }

    /// The smallest number of the set that `number` is in.
    pub(crate) fn root(&mut self, mut number: usize) -> usize {
        while self.0[number] != number {
            self.0[number] = self.0[self.0[number]];
            number = self.0[number];
        }
        number
    }

    /// Puts the sets of two numbers together.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }

    /// The root of every number.
    pub(crate) fn roots(mut self) -> Vec<usize> {
        (0..self.0.len()).map(|number| self.root(number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::DisjointSets;

    #[test]
    fn a_set_is_named_by_its_smallest_number() {
        let mut sets = DisjointSets::new(6);
        for (a, b) in [(5, 4), (4, 2), (3, 0), (2, 5)] {
            sets.join(a, b);
        }
        assert_eq!(sets.roots(), [0, 1, 2, 0, 2, 2]);
    }
}
