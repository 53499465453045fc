//! Whose touchpoint it is, and which.

use std::borrow::Cow;

use super::error::{DecodeError, Reason};
use crate::domain::CustomerId;
use crate::wire::hash;

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
pub(super) fn derived_id(customer: &CustomerId, content: &[&[u8]]) -> Box<str> {
    let mut parts = vec![customer.as_str().as_bytes()];
    parts.extend(content);
    format!("c-{:032x}", hash::of(&parts)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_depends_on_the_customer_and_on_the_content() {
        let id = |customer, content: &[u8]| derived_id(&CustomerId::new(customer), &[content]);
        assert_eq!(id("ada", b"x"), id("ada", b"x"));
        assert_ne!(id("ada", b"x"), id("bob", b"x"));
        assert_ne!(id("ada", b"x"), id("ada", b"y"));
        assert_eq!(id("ada", b"x").len(), 34);
    }
}
