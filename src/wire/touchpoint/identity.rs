//! Whose touchpoint it is, and which.

use std::borrow::Cow;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::error::{DecodeError, Reason};
use crate::domain::CustomerId;

/// Whose journey a touchpoint belongs to, and the anonymous id beside it.
pub(super) fn owner(
    customer: Option<Cow<'_, str>>,
    anonymous: Option<Cow<'_, str>>,
    place: &str,
) -> Result<(CustomerId, Option<Box<str>>), DecodeError> {
    match (customer, anonymous) {
        (Some(customer), anonymous) => Ok((CustomerId::new(&customer), anonymous.map(Box::from))),
        (None, Some(anonymous)) => Ok((CustomerId::new(&anonymous), None)),
        (None, None) => Err(DecodeError::new(
            Reason::NoCustomer,
            place,
            "neither a customer nor an anonymous id; give at least one",
        )),
    }
}

/// The id of a touchpoint that has none: `c-` and 32 hexadecimal digits over the customer and the
/// content, so that an exact repeat gets the same.
///
/// `SipHash` 1-3 with a zero key and 128 bits of result over the parts, each as its length (eight
/// bytes, little-endian) and its bytes.
pub(super) fn derived_id(customer: &CustomerId, content: &[&[u8]]) -> Box<str> {
    let mut hasher = SipHasher13::new();
    let customer = customer.as_str().as_bytes();
    for part in std::iter::once(&customer).chain(content) {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part);
    }
    format!("c-{:032x}", hasher.finish128().as_u128()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_depends_on_the_customer_and_on_where_the_parts_end() {
        let id = |customer, parts: &[&[u8]]| derived_id(&CustomerId::new(customer), parts);
        assert_eq!(id("ada", &[b"x", b"y"]), id("ada", &[b"x", b"y"]));
        assert_ne!(id("ada", &[b"x", b"y"]), id("bob", &[b"x", b"y"]));
        assert_ne!(id("ada", &[b"x", b"y"]), id("ada", &[b"xy"]));
        assert_eq!(&*id("ada", &[b"x"]), "c-7ad7c35e4d1e9ec07a9d7a3c4b6d6b5a");
    }
}
