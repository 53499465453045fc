//! A stream of touchpoints in which everything that has to do with deadlines happens often.

use std::collections::{BTreeMap, VecDeque};

use wayfarer::domain::{EventTime, Millis, Touchpoint};
use wayfarer::runtime::Clock;
use wayfarer::sim::Record;

use crate::maps::{CART_AFTER, DISORDER};
use crate::pipeline::{INPUTS, Pipeline};
use crate::rng::Rng;

/// What people do, the frequent things several times; `mystery` is in no vocabulary.
const KINDS: [&str; 18] = [
    "ad_seen",
    "page_viewed",
    "page_viewed",
    "page_viewed",
    "product_viewed",
    "product_viewed",
    "cart_added",
    "cart_added",
    "cart_added",
    "cart_viewed",
    "cart_emptied",
    "checkout_started",
    "purchased",
    "purchased",
    "review_written",
    "refunded",
    "support_resolved",
    "mystery",
];

/// Whether touchpoints can come behind the watermark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lateness {
    /// None comes later than the allowance.
    Never,
    /// Some come much later.
    Sometimes,
}

/// What is under way to the broker.
pub(crate) struct Traffic {
    lateness: Lateness,
    customers: u64,
    drawn: u64,
    /// By the moment at which it is written, and a number.
    under_way: BTreeMap<(EventTime, u64), Sent>,
    /// The latest carts: whose, which, and when it was touched.
    carts: VecDeque<(String, String, EventTime)>,
}

/// Something on its way.
enum Sent {
    Touchpoint {
        input: usize,
        touchpoint: Box<Touchpoint>,
        again: bool,
    },
    Unreadable {
        input: usize,
        record: Record,
    },
}

impl Traffic {
    pub(crate) fn new(lateness: Lateness, customers: u64) -> Self {
        Self {
            lateness,
            customers,
            drawn: 0,
            under_way: BTreeMap::new(),
            carts: VecDeque::new(),
        }
    }

    /// When the next thing is written.
    pub(crate) fn due(&self) -> Option<EventTime> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    /// Lets something happen at this moment, to be written then or later.
    pub(crate) fn draw(&mut self, pipeline: &Pipeline, rng: &mut Rng) {
        let now = pipeline.clock.wall();
        let input = rng.place(pipeline.setup.inputs);
        if rng.percent(3) {
            let record = unreadable(now, rng);
            self.send(now, Sent::Unreadable { input, record });
            return;
        }
        let touchpoint = Box::new(self.touchpoint(now, rng));
        let delay = self.delay(rng);
        let arrives = touchpoint.at.plus(delay);
        self.send(
            arrives,
            Sent::Touchpoint {
                input,
                touchpoint,
                again: false,
            },
        );
    }

    fn touchpoint(&mut self, now: EventTime, rng: &mut Rng) -> Touchpoint {
        let id = format!("t{}", self.drawn);
        if rng.percent(10) {
            // A purchase at the very deadline of a cart, or a millisecond to either side.
            if let Some((customer, cart, touched)) = self.carts.pop_front() {
                let shift = Millis::new(rng.one_of(&[-1, 0, 0, 1]));
                let at = touched.plus(CART_AFTER).plus(shift);
                let mut touchpoint = Touchpoint::new(&id, &customer, "purchased", at.max(now));
                touchpoint.cart = Some(cart.into());
                touchpoint.value = Some(500);
                return touchpoint;
            }
        }
        let customer = format!("c{}", rng.within(1..=self.customers));
        let kind = rng.one_of(&KINDS);
        let mut touchpoint = Touchpoint::new(&id, &customer, kind, now);
        touchpoint.channel = Some(
            rng.one_of(&["web", "app", "email", "store", "carrier"])
                .into(),
        );
        if kind.starts_with("cart") || (kind == "purchased" && rng.percent(60)) {
            let cart = format!("k{}", rng.within(1..=3));
            touchpoint.cart = Some(cart.clone().into());
            if kind == "cart_added" {
                self.carts.push_back((customer, cart, now));
            }
        }
        if kind == "purchased" || kind == "refunded" || rng.percent(20) {
            touchpoint.value = Some(i64::try_from(rng.within(1..=900)).unwrap());
        }
        if kind == "purchased" && rng.percent(50) {
            touchpoint.order = Some(format!("o{}", rng.within(1..=40)).into());
        }
        touchpoint
    }

    /// How long something is under way.
    fn delay(&self, rng: &mut Rng) -> Millis {
        let disorder = u64::try_from(DISORDER.get()).unwrap();
        let millis = match rng.within(0..=9) {
            0..=5 => rng.within(0..=100),
            6..=7 => rng.within(0..=disorder),
            8 => disorder,
            _ if self.lateness == Lateness::Sometimes => rng.within(0..=15_000),
            _ => 0,
        };
        Millis::new(i64::try_from(millis).unwrap())
    }

    fn send(&mut self, arrives: EventTime, sent: Sent) {
        self.drawn += 1;
        self.under_way.insert((arrives, self.drawn), sent);
    }

    /// Writes what is due at this moment.
    pub(crate) fn arrive(&mut self, pipeline: &Pipeline, rng: &mut Rng) {
        let now = pipeline.clock.wall();
        while self.due().is_some_and(|due| due <= now) {
            let Some((_, sent)) = self.under_way.pop_first() else {
                return;
            };
            match sent {
                Sent::Unreadable { input, record } => {
                    pipeline.broker.write(INPUTS[input], record).unwrap();
                }
                Sent::Touchpoint {
                    input,
                    mut touchpoint,
                    again,
                } => {
                    let earliest = now.minus(DISORDER);
                    // A worker that waited moved the clock beyond the moment of arrival.
                    if self.lateness == Lateness::Never && touchpoint.at < earliest {
                        if again {
                            continue;
                        }
                        touchpoint.at = earliest;
                    }
                    pipeline.write(input, &touchpoint);
                    if rng.percent(8) {
                        let arrives = now.plus(self.delay(rng));
                        self.send(
                            arrives,
                            Sent::Touchpoint {
                                input,
                                touchpoint,
                                again: true,
                            },
                        );
                    }
                }
            }
        }
    }
}

/// A record that cannot be used.
fn unreadable(now: EventTime, rng: &mut Rng) -> Record {
    let ahead = now.plus(Millis::from_hours(2)).as_millis();
    let ahead = format!(r#"{{"id":"x","customer":"c1","type":"page_viewed","at":{ahead}}}"#);
    let value = rng.one_of(&["", "{", "\u{0}", r#"{"customer":"c1"}"#, ahead.as_str()]);
    Record {
        value: rng.percent(80).then(|| value.as_bytes().to_vec()),
        key: rng.percent(50).then(|| b"c1".to_vec()),
        headers: vec![("source".into(), b"test".to_vec())],
        ..Record::default()
    }
}
