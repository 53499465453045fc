//! What the last committed transaction left of every customer, as bytes.

use std::hash::Hasher;

use dashmap::DashMap;
use siphasher::sip::SipHasher13;

use super::record::Record;

/// A customer's number in a partition, which stands for the id in tables and timers: the hash of
/// the id, or the next number that is free if somebody else has that one.
///
/// The hash is `SipHash` 1-3 with a zero key, so that customers whose timers fire at one instant
/// follow one another in the same order on every machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Number(u64);

impl Number {
    /// The number that a customer has unless somebody else has it.
    pub(super) fn first(id: &str) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(id.as_bytes());
        Self(hasher.finish())
    }

    /// The number to try after this one.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// Committed customers by number. Readers outside the worker see this and nothing newer.
///
/// A search that comes to a free number is over.
#[derive(Debug, Default)]
pub struct Store {
    customers: DashMap<Number, Record, foldhash::fast::RandomState>,
}

impl Store {
    /// How many customers are stored.
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether nobody is stored.
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// Calls `read` with a customer's bytes, if the customer is stored.
    pub fn read<T>(&self, customer: &str, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let mut number = Number::first(customer);
        loop {
            let record = self.customers.get(&number)?;
            if let Some(bytes) = record.of(customer) {
                return Some(read(bytes));
            }
            number = number.next();
        }
    }

    /// Calls `read` with the id and the bytes of whoever has a number.
    pub(super) fn at<T>(&self, number: Number, read: impl FnOnce(&str, &[u8]) -> T) -> Option<T> {
        let record = self.customers.get(&number)?;
        let (id, bytes) = record.parts()?;
        Some(read(id, bytes))
    }

    /// Whether a number is somebody else's.
    pub(super) fn is_of_another(&self, number: Number, customer: &str) -> bool {
        let record = self.customers.get(&number);
        record.is_some_and(|record| record.of(customer).is_none())
    }

    /// Replaces a customer's record. The number must be the customer's.
    pub(super) fn put(&self, number: Number, record: Record) {
        self.customers.insert(number, record);
    }

    /// The number of a customer, who may be new.
    pub(super) fn number(&self, customer: &str) -> Number {
        let mut number = Number::first(customer);
        while self.is_of_another(number, customer) {
            number = number.next();
        }
        number
    }

    /// Takes a customer out.
    pub(super) fn remove(&self, customer: &str) {
        let number = self.number(customer);
        if self.customers.contains_key(&number.next()) {
            // A search for whoever comes behind must not end here.
            self.customers.insert(number, Record::nobody());
        } else {
            self.customers.remove(&number);
        }
    }

    /// Calls `visit` with every customer's number, id and bytes, in no order.
    pub(super) fn each(&self, mut visit: impl FnMut(Number, &str, &[u8])) {
        for entry in &self.customers {
            if let Some((id, bytes)) = entry.value().parts() {
                visit(*entry.key(), id, bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Number, Record, Store};

    fn put(store: &Store, number: Number, id: &str, bytes: &[u8]) {
        store.put(number, Record::new(id, bytes));
    }

    #[test]
    fn customers_with_one_hash_are_told_apart() {
        let store = Store::default();
        let number = Number::first("ann");
        put(&store, number, "bob", b"b");
        assert!(store.is_of_another(number, "ann"));
        assert_eq!(store.read("ann", <[u8]>::to_vec), None);
        assert_eq!(store.number("ann"), number.next());
        put(&store, number.next(), "ann", b"a");
        assert!(!store.is_of_another(number.next(), "ann"));
        assert_eq!(store.read("ann", <[u8]>::to_vec), Some(b"a".to_vec()));
        assert_eq!(store.len(), 2);
    }

    #[test]
    fn a_customer_is_stored_once() {
        let store = Store::default();
        let number = Number::first("ann");
        for bytes in [b"old".as_slice(), b"new"] {
            put(&store, number, "ann", bytes);
        }
        assert_eq!(store.read("ann", <[u8]>::to_vec), Some(b"new".to_vec()));
        assert_eq!(store.len(), 1);
    }

    #[test]
    fn whoever_shares_a_hash_is_found_after_the_other_is_taken_out() {
        let store = Store::default();
        let number = Number::first("ann");
        put(&store, number, "ann", b"a");
        put(&store, number.next(), "bob", b"b");
        store.remove("ann");
        assert_eq!(store.read("ann", <[u8]>::to_vec), None);
        assert_eq!(
            store.at(number.next(), |id, _| id.to_owned()),
            Some("bob".into())
        );
        let mut left = Vec::new();
        store.each(|_, id, _| left.push(id.to_owned()));
        assert_eq!(left, ["bob"]);
        assert!(store.is_of_another(number, "ann"), "the search goes on");
    }
}
