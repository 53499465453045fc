//! A stored customer: the id and the bytes in one block of memory.

/// What stands between the id and the bytes: it never occurs in UTF-8.
const END: u8 = 0xFF;

/// A customer's id and bytes in one block: two would cost sixteen bytes more in the table, and
/// again as much in the allocator.
#[derive(Debug)]
pub(super) struct Record(Box<[u8]>);

impl Record {
    /// The record of a customer.
    pub(super) fn new(id: &str, bytes: &[u8]) -> Self {
        Self([id.as_bytes(), &[END], bytes].concat().into())
    }

    /// The bytes, if the record is this customer's.
    pub(super) fn of(&self, id: &str) -> Option<&[u8]> {
        self.0.strip_prefix(id.as_bytes())?.strip_prefix(&[END])
    }

    /// The id and the bytes.
    ///
    /// # Panics
    ///
    /// Never: a record is made of an id.
    pub(super) fn parts(&self) -> (&str, &[u8]) {
        let mut parts = self.0.splitn(2, |byte| *byte == END);
        let id = parts.next().map(str::from_utf8);
        let id = id.and_then(Result::ok).expect("a record begins with an id");
        (id, parts.next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn a_record_is_taken_apart_as_it_was_put_together() {
        for (id, bytes) in [("ann", &[1, 0xFF, 2][..]), ("é", &[]), ("", &[0xFF])] {
            let record = Record::new(id, bytes);
            assert_eq!(record.parts(), (id, bytes));
            assert_eq!(record.of(id), Some(bytes));
        }
    }

    #[test]
    fn a_record_is_of_nobody_whose_id_only_begins_alike() {
        let record = Record::new("anna", b"x");
        for other in ["ann", "annab", "", "bob"] {
            assert_eq!(record.of(other), None, "{other}");
        }
    }
}
