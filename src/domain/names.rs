//! Names and their numbers, looked up for every touchpoint.

use std::cmp::Ordering;

/// Names in the order of their lengths, then of their letters: a search compares lengths, which lie
/// side by side, and seldom reads a name that is not the one it seeks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Names<Id>(Vec<(Box<str>, Id)>);

impl<Id: Copy> Names<Id> {
    /// The table without a name in it.
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a name, unless the table has it already; says whether it was new.
    pub(super) fn add(&mut self, name: &str, id: Id) -> bool {
        let place = self.place(name);
        if let Err(free) = place {
            self.0.insert(free, (name.into(), id));
        }
        place.is_err()
    }

    /// The number of a name.
    pub(super) fn get(&self, name: &str) -> Option<Id> {
        let place = self.place(name).ok()?;
        Some(self.0[place].1)
    }

    /// Where a name is, or else where it belongs.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| {
            let lengths = known.len().cmp(&name.len());
            match lengths {
                Ordering::Equal => (**known).cmp(name),
                Ordering::Less | Ordering::Greater => lengths,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn every_name_keeps_the_number_that_it_was_added_with_first() {
        let mut names = Names::new();
        let added = ["web", "app", "email", "a", "web", "tv"];
        let new: Vec<_> = (0..)
            .zip(added)
            .map(|(n, name)| names.add(name, n))
            .collect();
        assert_eq!(new, [true, true, true, true, false, true]);
        assert_eq!(names.get("web"), Some(0));
        assert_eq!(names.get("email"), Some(2));
        assert_eq!(names.get("tv"), Some(5));
        assert_eq!(names.get("ap"), None);
    }
}
