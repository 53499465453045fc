//! Customers as stored: a fixed prefix that is read without decoding, then a protobuf message.
//!
//! ```text
//! byte 0      the format's version
//! bytes 1–8   the armed time, little-endian; the largest value stands for none
//! then        wayfarer.v1.StoredCustomer
//! ```

mod journey;

use prost::Message;

use super::proto::{StoredCustomer, StoredTouch};
use crate::domain::{
    ChannelId, Currency, Customer, EventTime, KindId, Maps, Ring, Standing, Touch,
};

/// The version that is written. Older ones are read as long as their golden bytes are kept.
pub const VERSION: u8 = 1;
/// The length of the prefix.
const PREFIX: usize = 9;
const NEVER: i64 = i64::MAX;

/// What can be wrong with stored bytes: they come from us, so all of it is corruption.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoredError {
    /// The bytes end within the prefix.
    #[error("a stored customer of {0} bytes is shorter than its prefix")]
    Short(usize),
    /// The version is not one that this program reads.
    #[error("a stored customer has format {0}; this program reads format {VERSION}: upgrade it")]
    Version(u8),
    /// The message cannot be decoded.
    #[error("a stored customer cannot be decoded: {0}")]
    Message(String),
    /// The state was made with other maps.
    #[error(
        "the state was made with {stored}, and this is {ours}: run those maps, or start anew under \
         another app id"
    )]
    OtherMaps {
        /// Those that it was made with.
        stored: String,
        /// Those of this process.
        ours: String,
    },
    /// A number lies outside the maps' tables.
    #[error("a stored customer names {0}, which the maps do not have")]
    Unknown(String),
}

/// Encodes a customer into `buffer`, which is cleared first.
pub fn encode(customer: &Customer, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.push(VERSION);
    let armed = customer.armed.map_or(NEVER, EventTime::as_millis);
    buffer.extend_from_slice(&armed.to_le_bytes());
    let settled = &customer.settled;
    let last = settled.span.map(|(_, last)| last);
    let base = last.unwrap_or(EventTime::from_millis(0));
    let message = StoredCustomer {
        touches: settled.touches,
        last: last.map(EventTime::as_millis),
        span: settled.span.map_or(0, |(first, newest)| {
            newest.since(first).get().unsigned_abs()
        }),
        journeys: settled
            .journeys
            .iter()
            .map(|journey| journey::store(journey, base))
            .collect(),
        pending: customer
            .pending
            .iter()
            .map(|touch| store_touch(touch, base))
            .collect(),
        seen: store_ring(&customer.seen),
        floor: customer.floor.map(EventTime::as_millis),
    };
    // A vector grows as needed, so encoding cannot fail.
    message.encode(buffer).unwrap_or_default();
}

/// The armed time in the prefix, read without decoding the rest.
///
/// # Errors
///
/// If the bytes are too short or of another version.
pub fn armed(bytes: &[u8]) -> Result<Option<EventTime>, StoredError> {
    let prefix: &[u8; PREFIX] = bytes.first_chunk().ok_or(StoredError::Short(bytes.len()))?;
    let [version, time @ ..] = *prefix;
    if version != VERSION {
        return Err(StoredError::Version(version));
    }
    let armed = i64::from_le_bytes(time);
    Ok((armed != NEVER).then(|| EventTime::from_millis(armed)))
}

/// Decodes a customer.
///
/// # Errors
///
/// If the bytes are not what [`encode`] wrote with the same maps.
pub fn decode(bytes: &[u8], maps: &Maps) -> Result<Customer, StoredError> {
    let armed = armed(bytes)?;
    let message = StoredCustomer::decode(&bytes[PREFIX..])
        .map_err(|error| StoredError::Message(error.to_string()))?;
    let last = message.last.map(EventTime::from_millis);
    let base = last.unwrap_or(EventTime::from_millis(0));
    if message.journeys.len() != maps.maps.len() {
        return Err(StoredError::Unknown(format!(
            "{} maps",
            message.journeys.len()
        )));
    }
    let journeys = message.journeys.into_iter().zip(&maps.maps);
    let settled = Standing {
        touches: message.touches,
        span: last.map(|newest| (ago(newest, message.span.cast_signed()), newest)),
        journeys: journeys
            .map(|(stored, map)| journey::load(stored, base, map, maps))
            .collect::<Result<_, _>>()?,
    };
    let pending = message
        .pending
        .into_iter()
        .map(|touch| load_touch(touch, base, maps))
        .collect::<Result<_, _>>()?;
    let mut customer = Customer::restored(settled, pending, load_ring(&message.seen));
    customer.floor = message.floor.map(EventTime::from_millis);
    customer.armed = armed;
    Ok(customer)
}

fn store_touch(touch: &Touch, base: EventTime) -> StoredTouch {
    StoredTouch {
        id: touch.id.to_string(),
        at: base.since(touch.at).get(),
        kind: touch.kind.0.into(),
        channel: touch.channel.0.into(),
        refund: touch.refund,
        cart: touch.cart.as_deref().map(str::to_owned),
        order: touch.order.as_deref().map(str::to_owned),
        request: touch.request.as_deref().map(str::to_owned),
        value: touch.value,
        currency: store_currency(touch.currency),
        more: touch.quantity.wrapping_sub(1),
    }
}

fn load_touch(stored: StoredTouch, base: EventTime, maps: &Maps) -> Result<Touch, StoredError> {
    Ok(Touch {
        id: stored.id.into(),
        at: ago(base, stored.at),
        kind: load_kind(stored.kind, maps)?,
        channel: load_channel(stored.channel, maps)?,
        refund: stored.refund,
        cart: stored.cart.map(Into::into),
        order: stored.order.map(Into::into),
        request: stored.request.map(Into::into),
        value: stored.value,
        currency: Currency::parse(&stored.currency),
        quantity: stored.more.wrapping_add(1),
    })
}

/// The moment that lies `millis` before `base`.
fn ago(base: EventTime, millis: i64) -> EventTime {
    base.minus(crate::domain::Millis::new(millis))
}

fn load_kind(number: u32, maps: &Maps) -> Result<KindId, StoredError> {
    let known = u16::try_from(number)
        .ok()
        .filter(|kind| usize::from(*kind) < maps.kinds().len());
    known
        .map(KindId)
        .ok_or_else(|| StoredError::Unknown(format!("type {number}")))
}

fn load_channel(number: u32, maps: &Maps) -> Result<ChannelId, StoredError> {
    let known = u8::try_from(number)
        .ok()
        .filter(|id| usize::from(*id) < maps.channels().len());
    known
        .map(ChannelId)
        .ok_or_else(|| StoredError::Unknown(format!("channel {number}")))
}

fn store_currency(currency: Option<Currency>) -> String {
    currency.map_or_else(String::new, |currency| currency.as_str().to_owned())
}

fn store_ring(ring: &Ring) -> Vec<u8> {
    ring.hashes()
        .iter()
        .flat_map(|hash| hash.to_le_bytes().into_iter().take(6))
        .collect()
}

fn load_ring(bytes: &[u8]) -> Ring {
    let hash = |six: &[u8]| {
        six.iter()
            .rev()
            .fold(0, |hash, byte| hash << 8 | u64::from(*byte))
    };
    Ring::from_hashes(bytes.chunks(6).map(hash).collect())
}
