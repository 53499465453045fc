//! Who comes to the shop: what never changes about a person.

use std::collections::BTreeMap;

use crate::domain::{Currency, CustomerId};

use super::rng::{Rng, mix};

/// Where a person lives.
#[derive(Clone, Copy)]
struct Home {
    locale: &'static str,
    timezone: &'static str,
    currency: &'static str,
}

const fn home(locale: &'static str, timezone: &'static str, currency: &'static str) -> Home {
    Home {
        locale,
        timezone,
        currency,
    }
}

const HOMES: &[(u32, Home)] = &[
    (26, home("de-DE", "Europe/Berlin", "EUR")),
    (13, home("fr-FR", "Europe/Paris", "EUR")),
    (18, home("en-GB", "Europe/London", "GBP")),
    (12, home("en-US", "America/New_York", "USD")),
    (6, home("en-US", "America/Los_Angeles", "USD")),
    (8, home("es-ES", "Europe/Madrid", "EUR")),
    (6, home("it-IT", "Europe/Rome", "EUR")),
    (5, home("nl-NL", "Europe/Amsterdam", "EUR")),
    (4, home("de-AT", "Europe/Vienna", "EUR")),
    (2, home("ko-KR", "Asia/Seoul", "USD")),
];

const DEVICES: &[(u32, &str)] = &[(58, "mobile"), (35, "desktop"), (7, "tablet")];

/// A name for the `n`-th place in the shop's books, or for somebody who is not in them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Number {
    /// One of the people the shop knows, from 0.
    Known(u32),
    /// Somebody who comes for the first time.
    Newcomer(u64),
}

/// What never changes about a person: it follows from the seed and the number, and is not stored.
pub(super) struct Person {
    pub(super) number: Number,
    /// The id of the account; none for those who never open one.
    pub(super) account: Option<CustomerId>,
    /// The id of the browser.
    pub(super) anonymous: Box<str>,
    pub(super) device: &'static str,
    pub(super) currency: Currency,
    home: Home,
    marketing: bool,
    analytics: bool,
}

impl Person {
    /// The person with this number.
    pub(super) fn new(seed: u64, number: Number) -> Self {
        let (bits, account, account_share) = match number {
            Number::Known(n) => (mix(u64::from(n) + 1), format!("c-{}", u64::from(n) + 1), 80),
            Number::Newcomer(n) => (n, format!("c-{:010x}", n >> 24), 20),
        };
        let mut rng = Rng::new(seed ^ bits);
        let home = rng.weighted(HOMES);
        Self {
            number,
            account: rng
                .percent(account_share)
                .then(|| CustomerId::new(&account)),
            anonymous: format!("a-{:012x}", mix(seed ^ bits) >> 16).into(),
            device: rng.weighted(DEVICES),
            currency: currency(home.currency),
            home,
            marketing: rng.percent(64),
            analytics: rng.percent(88),
        }
    }

    pub(super) fn locale(&self) -> &'static str {
        self.home.locale
    }

    pub(super) fn timezone(&self) -> &'static str {
        self.home.timezone
    }

    /// What the person has agreed to.
    pub(super) fn consent(&self) -> BTreeMap<Box<str>, bool> {
        BTreeMap::from([
            ("analytics".into(), self.analytics),
            ("marketing".into(), self.marketing),
        ])
    }
}

/// The currency of a code known to be one.
pub(super) fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("the codes in the tables are three letters")
}
