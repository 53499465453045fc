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

    /// The record of nobody.
    pub(super) fn nobody() -> Self {
        Self(Box::default())
    }

    /// The bytes, if the record is this customer's.
    pub(super) fn of(&self, id: &str) -> Option<&[u8]> {
        self.0.strip_prefix(id.as_bytes())?.strip_prefix(&[END])
    }

    /// The id and the bytes; none of nobody.
    pub(super) fn parts(&self) -> Option<(&str, &[u8])> {
        let end = self.0.iter().position(|byte| *byte == END)?;
        let id = str::from_utf8(&self.0[..end]).ok()?;
        Some((id, &self.0[end + 1..]))
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn a_record_is_taken_apart_as_it_was_put_together() {
        for (id, bytes) in [("ann", &[1, 0xFF, 2][..]), ("é", &[]), ("", &[0xFF])] {
            let record = Record::new(id, bytes);
            assert_eq!(record.parts(), Some((id, bytes)));
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
