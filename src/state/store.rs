//! What the last committed transaction left of every customer, as bytes.

use dashmap::DashMap;

use crate::domain::CustomerId;

/// Committed customers by id. Readers outside the worker see this and nothing newer.
#[derive(Debug, Default)]
pub struct Store {
    customers: DashMap<CustomerId, Box<[u8]>, foldhash::fast::RandomState>,
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
        self.customers
            .get(customer)
            .map(|entry| read(entry.value()))
    }

    /// Replaces a customer's bytes.
    pub(super) fn put(&self, customer: CustomerId, bytes: Box<[u8]>) {
        self.customers.insert(customer, bytes);
    }

    /// Removes a customer.
    pub(super) fn remove(&self, customer: &str) {
        self.customers.remove(customer);
    }

    /// Calls `visit` with every customer, in no order.
    pub(super) fn each(&self, mut visit: impl FnMut(&CustomerId, &[u8])) {
        for entry in &self.customers {
            visit(entry.key(), entry.value());
        }
    }
}
