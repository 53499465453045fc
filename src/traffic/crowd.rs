//! Everybody who is about to do something, and who comes next.

use std::collections::BTreeSet;

use crate::domain::{EventTime, Millis, Touchpoint};

use super::amounts::Share;
use super::config::TrafficConfig;
use super::customer::Customer;
use super::deed::Deed;
use super::pacer::Pacer;
use super::person::{Number, Person};
use super::queue::Queue;
use super::rng::Rng;
use super::scene::{Names, Scene};

/// How many customers are remembered with plans at most. Beyond it, those whose next plan is more
/// than an hour off are forgotten: they never come back for the parcel or the second visit.
const REMEMBERED_MAX: usize = 200_000;

/// What people the shop knows come for.
const ERRANDS: &[(u32, Deed)] = &[
    (86, Deed::Come),
    (4, Deed::VisitStore),
    (3, Deed::Call),
    (2, Deed::OpenTicket),
    (1, Deed::Review),
    (1, Deed::Refer),
    (2, Deed::AnswerNps),
    (1, Deed::AnswerCsat),
];

/// The crowd. Its memory is that of the people with plans.
pub(super) struct Crowd {
    seed: u64,
    rng: Rng,
    names: Names,
    pacer: Pacer,
    pace: i64,
    known: u32,
    newcomers: Share,
    planned: Queue<Box<Customer>>,
    /// The numbers of the known people in `planned`: nobody is in two places at once.
    busy: BTreeSet<u32>,
}

impl Crowd {
    pub(super) fn new(config: &TrafficConfig) -> Self {
        Self {
            seed: config.seed,
            rng: Rng::new(config.seed),
            names: Names::new(config.seed, config.start),
            pacer: Pacer::new(config),
            pace: i64::from(config.pace.max(1)),
            known: config.customers,
            newcomers: config.newcomers,
            planned: Queue::new(),
            busy: BTreeSet::new(),
        }
    }

    /// When the next touchpoint happens.
    pub(super) fn now(&self) -> EventTime {
        self.pacer.at()
    }

    /// Lets the next touchpoint happen.
    pub(super) fn step(&mut self) -> Touchpoint {
        let now = self.now();
        self.pacer.advance(&mut self.rng);
        let (customer, deed) = self
            .whose_plans_are_due(now)
            .unwrap_or_else(|| self.admit(now));
        self.turn(customer, deed, now)
    }

    fn whose_plans_are_due(&mut self, now: EventTime) -> Option<(Box<Customer>, Deed)> {
        self.planned.due().filter(|due| *due <= now)?;
        let (_, mut customer) = self.planned.take()?;
        let deed = customer.next()?;
        Some((customer, deed))
    }

    /// Lets a customer act, and puts them back if they have plans.
    fn turn(&mut self, mut customer: Box<Customer>, deed: Deed, now: EventTime) -> Touchpoint {
        let mut scene = Scene {
            rng: &mut self.rng,
            names: &mut self.names,
            now,
            pace: self.pace,
        };
        let touchpoint = customer.act(deed, &mut scene);
        let soon = now.plus(Millis::from_hours(1));
        let full = self.planned.len() >= REMEMBERED_MAX;
        match customer.due().filter(|due| !full || *due < soon) {
            Some(due) => self.planned.put(due, customer),
            None => {
                if let Number::Known(number) = customer.person.number {
                    self.busy.remove(&number);
                }
            }
        }
        touchpoint
    }

    /// Somebody comes.
    fn admit(&mut self, now: EventTime) -> (Box<Customer>, Deed) {
        let person = Person::new(self.seed, self.somebody());
        let known = matches!(person.number, Number::Known(_)) && person.account.is_some();
        let mut scene = Scene {
            rng: &mut self.rng,
            names: &mut self.names,
            now,
            pace: self.pace,
        };
        let mut customer = Customer::new(person, &mut scene);
        let deed = match known {
            true => scene.rng.weighted(ERRANDS),
            false => scene.rng.weighted(&[(97, Deed::Come), (3, Deed::Call)]),
        };
        // Whoever writes, calls or shows their card is known by name.
        customer.signed_in |= known && deed != Deed::Come;
        (Box::new(customer), deed)
    }

    /// Somebody who is not here already. Of the known, those with low numbers come more often.
    fn somebody(&mut self) -> Number {
        const TRIES: usize = 4;
        let known = self.known > 0 && !self.rng.chance(self.newcomers);
        for _ in 0..if known { TRIES } else { 0 } {
            let mut draw = || {
                let number = self.rng.below(u64::from(self.known));
                u32::try_from(number).unwrap_or(0)
            };
            let (one, other) = (draw(), draw());
            let loyal = self.rng.percent(50);
            let number = if loyal { one.min(other) } else { one };
            if self.busy.insert(number) {
                return Number::Known(number);
            }
        }
        Number::Newcomer(self.names.next())
    }
}
