//! What a group stored for its partitions: what counts, and what waits for its transaction.

use std::collections::BTreeMap;

use super::log::TransactionId;
use crate::runtime::{Source, Stored};

/// The offsets of a group.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    committed: BTreeMap<Source, Kept>,
    pending: BTreeMap<TransactionId, BTreeMap<Source, Kept>>,
    /// How many were ever written down.
    written: u64,
}

/// An offset and when it was written down, in the order of all of them.
#[derive(Clone, Debug)]
struct Kept {
    stored: Stored,
    order: u64,
}

impl Offsets {
    /// Stores an offset that counts if its transaction is committed.
    pub(super) fn store_in(&mut self, transaction: TransactionId, source: Source, stored: Stored) {
        let kept = self.keep(stored);
        let pending = self.pending.entry(transaction).or_default();
        pending.insert(source, kept);
    }

    /// Decides what a transaction stored. An offset that was written down later than it counts on,
    /// even if it was decided earlier.
    pub(super) fn decide(&mut self, transaction: TransactionId, committed: bool) {
        let decided = self.pending.remove(&transaction).unwrap_or_default();
        for (source, kept) in decided.into_iter().filter(|_| committed) {
            let before = self.committed.get(&source);
            if before.is_none_or(|before| before.order < kept.order) {
                self.committed.insert(source, kept);
            }
        }
    }

    /// What counts for a partition.
    pub(super) fn committed(&self, source: Source) -> Option<&Stored> {
        Some(&self.committed.get(&source)?.stored)
    }

    /// Whether an undecided transaction stored something for a partition.
    pub(super) fn is_pending(&self, source: Source) -> bool {
        let mut pending = self.pending.values();
        pending.any(|stored| stored.contains_key(&source))
    }

    /// What undecided transactions stored, the oldest transaction first.
    pub(super) fn pending(&self) -> impl Iterator<Item = (Source, &Stored)> {
        let pending = self.pending.values().flatten();
        pending.map(|(source, kept)| (*source, &kept.stored))
    }

    fn keep(&mut self, stored: Stored) -> Kept {
        self.written += 1;
        Kept {
            stored,
            order: self.written,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Source = Source {
        input: 0,
        partition: 0,
    };

    fn stored(next: u64) -> Stored {
        Stored {
            next,
            note: format!("at {next}"),
        }
    }

    #[test]
    fn a_pending_offset_counts_once_its_transaction_is_committed() {
        let mut offsets = Offsets::default();
        let (kept, dropped) = (TransactionId(1), TransactionId(2));
        offsets.store_in(kept, SOURCE, stored(5));
        assert!(offsets.is_pending(SOURCE));
        assert_eq!(offsets.committed(SOURCE), None);
        offsets.decide(kept, true);
        assert_eq!(offsets.committed(SOURCE), Some(&stored(5)));
        offsets.store_in(dropped, SOURCE, stored(9));
        assert_eq!(
            offsets.pending().collect::<Vec<_>>(),
            [(SOURCE, &stored(9))]
        );
        offsets.decide(dropped, false);
        assert!(!offsets.is_pending(SOURCE));
        assert_eq!(offsets.committed(SOURCE), Some(&stored(5)));
    }

    #[test]
    fn the_offset_written_down_last_counts_whatever_is_decided_last() {
        let mut offsets = Offsets::default();
        let (early, late) = (TransactionId(1), TransactionId(2));
        offsets.store_in(early, SOURCE, stored(5));
        offsets.store_in(late, SOURCE, stored(7));
        offsets.decide(late, true);
        assert!(offsets.is_pending(SOURCE));
        offsets.decide(early, true);
        assert_eq!(offsets.committed(SOURCE), Some(&stored(7)));
    }
}
