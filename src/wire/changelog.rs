//! The changelog's records: what stands under which key, and the panes' values.
//!
//! ```text
//! key                                              value
//! the customer's id                                the stored customer, see `stored`
//! 00 'c' and the id, if the id begins with 00      the same
//! 00 'm'                                           where the partition stands, see `meta`
//! 00 'k' place                                     an amount of the KPI panes
//! ```
//!
//! A place is one byte for what it is, then, numbers big-endian: of a total the KPI (1 byte), the
//! map (2) and the label (4); of a sum the grain (1) and the pane (8) before those; of stays the
//! grain, the pane, the map and the step (1).

use std::borrow::Cow;

use prost::Message;

use super::proto::{StoredStays, StoredSum};
use super::stored::StoredError;
use crate::domain::{Amount, Grain, Kpi, KpiKey, Place};

/// What every key but those of customers begins with.
const OURS: u8 = 0;
const CUSTOMER: u8 = b'c';
const META: u8 = b'm';
const PANE: u8 = b'k';

const TOTAL: u8 = 0;
const SUM: u8 = 1;
const DWELL: u8 = 2;

/// What a record of the changelog is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key<'a> {
    /// A customer.
    Customer(&'a str),
    /// Where the partition stands.
    Meta,
    /// A place in the KPI panes.
    Pane(Place),
}

impl<'a> Key<'a> {
    /// The bytes of the key.
    pub fn encode(&self) -> Cow<'a, [u8]> {
        match self {
            Self::Customer(id) if id.as_bytes().first() == Some(&OURS) => {
                Cow::Owned([&[OURS, CUSTOMER], id.as_bytes()].concat())
            }
            Self::Customer(id) => Cow::Borrowed(id.as_bytes()),
            Self::Meta => Cow::Borrowed(&[OURS, META]),
            Self::Pane(place) => Cow::Owned(encode_place(place)),
        }
    }

    /// The key of these bytes.
    ///
    /// # Errors
    ///
    /// If they are not a key that [`encode`](Self::encode) makes.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, StoredError> {
        let text = |bytes| {
            let unknown = |_| StoredError::Unknown("a customer's id that is no UTF-8".into());
            std::str::from_utf8(bytes)
                .map(Key::Customer)
                .map_err(unknown)
        };
        match bytes {
            [OURS, CUSTOMER, id @ ..] => text(id),
            [OURS, META] => Ok(Self::Meta),
            [OURS, PANE, place @ ..] => decode_place(place)
                .map(Self::Pane)
                .ok_or_else(|| StoredError::Unknown("a place in the KPI panes".into())),
            [OURS, ..] => Err(StoredError::Unknown("a key of another program".into())),
            id => text(id),
        }
    }
}

/// The bytes of an amount.
pub fn encode_amount(amount: &Amount) -> Vec<u8> {
    match amount {
        Amount::Sum(sum) => StoredSum { sum: *sum }.encode_to_vec(),
        Amount::Dwell(histogram) => {
            let stays = histogram
                .iter_recorded()
                .flat_map(|stay| [stay.value_iterated_to(), u64::from(stay.count_at_value())]);
            StoredStays {
                stays: stays.collect(),
            }
            .encode_to_vec()
        }
    }
}

/// The amount of these bytes, in this place.
///
/// # Errors
///
/// If they are not what [`encode_amount`] makes for such a place.
pub fn decode_amount(place: &Place, bytes: &[u8]) -> Result<Amount, StoredError> {
    let broken = |error: prost::DecodeError| StoredError::Message(error.to_string());
    match place {
        Place::Total(_) | Place::Sum(..) => {
            let stored = StoredSum::decode(bytes).map_err(broken)?;
            Ok(Amount::Sum(stored.sum))
        }
        Place::Dwell(..) => {
            let stored = StoredStays::decode(bytes).map_err(broken)?;
            let (pairs, _) = stored.stays.as_chunks::<2>();
            let pairs = pairs
                .iter()
                .map(|[seconds, count]| (*seconds, u32::try_from(*count).unwrap_or(u32::MAX)));
            Amount::dwell(pairs)
                .ok_or_else(|| StoredError::Unknown("stays that no histogram holds".into()))
        }
    }
}

fn encode_place(place: &Place) -> Vec<u8> {
    let mut bytes = vec![OURS, PANE];
    let mut pane = |what: u8, grain: Grain, number: i64| {
        bytes.extend([what, grain_code(grain)]);
        bytes.extend(number.to_be_bytes());
    };
    match place {
        Place::Total(key) => {
            bytes.push(TOTAL);
            encode_kpi(key, &mut bytes);
        }
        Place::Sum(grain, number, key) => {
            pane(SUM, *grain, *number);
            encode_kpi(key, &mut bytes);
        }
        Place::Dwell(grain, number, map, step) => {
            pane(DWELL, *grain, *number);
            bytes.extend(map.to_be_bytes());
            bytes.push(*step);
        }
    }
    bytes
}

fn decode_place(bytes: &[u8]) -> Option<Place> {
    let (what, rest) = bytes.split_first()?;
    if *what == TOTAL {
        return decode_kpi(rest).map(Place::Total);
    }
    let (grain, rest) = rest.split_first()?;
    let grain = Grain::ALL
        .into_iter()
        .find(|known| grain_code(*known) == *grain)?;
    let (number, rest) = rest.split_first_chunk()?;
    let number = i64::from_be_bytes(*number);
    match (*what, rest) {
        (SUM, key) => decode_kpi(key).map(|key| Place::Sum(grain, number, key)),
        (DWELL, [high, low, step]) => {
            let map = u16::from_be_bytes([*high, *low]);
            Some(Place::Dwell(grain, number, map, *step))
        }
        _ => None,
    }
}

fn encode_kpi(key: &KpiKey, bytes: &mut Vec<u8>) {
    bytes.push(kpi_code(key.kpi));
    bytes.extend(key.map.to_be_bytes());
    bytes.extend(key.label.to_be_bytes());
}

fn decode_kpi(bytes: &[u8]) -> Option<KpiKey> {
    let [code, rest @ ..] = bytes else {
        return None;
    };
    let (map, rest) = rest.split_first_chunk()?;
    let label = rest.try_into().ok()?;
    Some(KpiKey {
        kpi: *KPIS.get(usize::from(*code))?,
        map: u16::from_be_bytes(*map),
        label: u32::from_be_bytes(label),
    })
}

const fn grain_code(grain: Grain) -> u8 {
    match grain {
        Grain::Minute => 0,
        Grain::Hour => 1,
        Grain::Day => 2,
    }
}

/// The KPIs by code. A code once written is never given to another.
const KPIS: [Kpi; 20] = [
    Kpi::Sessions,
    Kpi::EngagedSessions,
    Kpi::BouncedSessions,
    Kpi::ConvertedSessions,
    Kpi::Entries,
    Kpi::Exits,
    Kpi::Population,
    Kpi::Stays,
    Kpi::DwellMillis,
    Kpi::Conversions,
    Kpi::FirstConversions,
    Kpi::Revenue,
    Kpi::ActiveCustomers,
    Kpi::ConvertedCustomers,
    Kpi::RepeatCustomers,
    Kpi::Opened,
    Kpi::OpenEpisodes,
    Kpi::Abandoned,
    Kpi::Completed,
    Kpi::Recovered,
];

const fn kpi_code(kpi: Kpi) -> u8 {
    match kpi {
        Kpi::Sessions => 0,
        Kpi::EngagedSessions => 1,
        Kpi::BouncedSessions => 2,
        Kpi::ConvertedSessions => 3,
        Kpi::Entries => 4,
        Kpi::Exits => 5,
        Kpi::Population => 6,
        Kpi::Stays => 7,
        Kpi::DwellMillis => 8,
        Kpi::Conversions => 9,
        Kpi::FirstConversions => 10,
        Kpi::Revenue => 11,
        Kpi::ActiveCustomers => 12,
        Kpi::ConvertedCustomers => 13,
        Kpi::RepeatCustomers => 14,
        Kpi::Opened => 15,
        Kpi::OpenEpisodes => 16,
        Kpi::Abandoned => 17,
        Kpi::Completed => 18,
        Kpi::Recovered => 19,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Vec<Place> {
        let key = |kpi| KpiKey {
            kpi,
            map: 513,
            label: 0x0045_5552,
        };
        let mut places: Vec<Place> = KPIS.map(|kpi| Place::Total(key(kpi))).to_vec();
        for grain in Grain::ALL {
            places.push(Place::Sum(grain, -7, key(Kpi::Revenue)));
            places.push(Place::Dwell(grain, 29_000_000, 1, 250));
        }
        places
    }

    #[test]
    fn every_key_is_read_back() {
        let mut keys: Vec<Key<'_>> = places().into_iter().map(Key::Pane).collect();
        keys.extend(["ada", "", "\0m", "\0", "\0k\0"].map(Key::Customer));
        keys.push(Key::Meta);
        for (index, key) in keys.iter().enumerate() {
            let bytes = key.encode();
            assert_eq!(Key::decode(&bytes), Ok(*key));
            assert!(keys[..index].iter().all(|other| other.encode() != bytes));
        }
    }

    #[test]
    fn the_keys_that_are_written_stay_the_same() {
        let key = KpiKey {
            kpi: Kpi::Abandoned,
            map: 2,
            label: 3,
        };
        assert_eq!(Key::Meta.encode().as_ref(), b"\0m");
        assert_eq!(
            Key::Pane(Place::Total(key)).encode().as_ref(),
            b"\0k\x00\x11\0\x02\0\0\0\x03"
        );
        assert_eq!(
            Key::Pane(Place::Sum(Grain::Day, 258, key))
                .encode()
                .as_ref(),
            b"\0k\x01\x02\0\0\0\0\0\0\x01\x02\x11\0\x02\0\0\0\x03"
        );
        assert_eq!(
            Key::Pane(Place::Dwell(Grain::Hour, 1, 2, 3))
                .encode()
                .as_ref(),
            b"\0k\x02\x01\0\0\0\0\0\0\0\x01\0\x02\x03"
        );
    }

    #[test]
    fn the_codes_of_kpis_lead_back_to_them() {
        for kpi in KPIS {
            assert_eq!(KPIS[usize::from(kpi_code(kpi))], kpi);
        }
    }

    #[test]
    fn amounts_are_read_back() {
        for place in places() {
            let amount = match place {
                Place::Dwell(..) => {
                    Amount::dwell([(0, 2), (1, 3), (4_711, 1), (40_000_000, 1)]).unwrap()
                }
                Place::Total(_) | Place::Sum(..) => Amount::Sum(-5_000_000_000),
            };
            let bytes = encode_amount(&amount);
            assert_eq!(decode_amount(&place, &bytes), Ok(amount));
        }
    }

    #[test]
    fn what_is_no_key_of_ours_is_refused() {
        for bytes in [
            &b"\0"[..],
            b"\0x",
            b"\0k",
            b"\0k\x00\x63\0\0\0\0\0\0",
            b"\0k\x01\x02",
            b"\0k\x03\x00\0\0\0\0\0\0\0\0\0\0\0",
            b"\xff",
        ] {
            assert!(Key::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
