//! One partition: the committed store, the open transaction on top of it, timers, clock, panes.

mod restore;

use std::collections::HashMap;
use std::sync::Arc;

use super::clock::EventClock;
use super::record::Record;
use super::store::{Number, Store};
use super::timers::Timers;
use crate::domain::{
    Context, Counts, Customer, CustomerId, Effect, EventTime, Maps, PaneChanges, Panes, Rule,
    Touchpoint, Verdict,
};
use crate::wire::changelog::{self, Key};
use crate::wire::stored;

/// One effect of one customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// Whose.
    pub customer: CustomerId,
    /// What.
    pub effect: Effect,
}

/// What a partition has seen and done, in the open transaction included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Touchpoints that took their place in order.
    pub applied: u64,
    /// Touchpoints that came behind the watermark.
    pub late: u64,
    /// Touchpoints whose id was known.
    pub duplicates: u64,
    /// How often a bound on what is kept of a customer cut something off.
    pub cut: u64,
    /// How often a timer settled a customer.
    pub wakes: u64,
}

/// What an abort returns to.
#[derive(Clone, Debug)]
struct Committed {
    clock: EventClock,
    counters: Counters,
}

/// What the open transaction comes to, encoded once: written first, then taken over.
#[derive(Debug, Default)]
struct Prepared {
    customers: Vec<(Number, Record)>,
    panes: PaneChanges,
}

/// The memory of one input partition, for one owner.
///
/// Everything between two commits happens in the open transaction: [`commit`](Self::commit) puts
/// it into the store, [`abort`](Self::abort) drops it, after which the same records must be
/// observed again.
#[derive(Debug)]
pub struct Partition {
    maps: Arc<Maps>,
    store: Arc<Store>,
    open: HashMap<Number, (CustomerId, Customer), foldhash::fast::FixedState>,
    timers: Timers,
    clock: EventClock,
    counters: Counters,
    committed: Committed,
    panes: Panes,
    /// What the effects of the open transaction come to, which its commit will count.
    uncounted: Counts,
    scratch: Vec<Effect>,
    buffer: Vec<u8>,
    prepared: Option<Prepared>,
}

impl Partition {
    /// An empty partition that reads from `inputs` topics.
    pub fn new(maps: Arc<Maps>, inputs: usize) -> Self {
        let clock = EventClock::new(inputs, maps.disorder, maps.rules);
        let committed = Committed {
            clock: clock.clone(),
            counters: Counters::default(),
        };
        Self {
            maps,
            store: Arc::new(Store::default()),
            open: HashMap::default(),
            timers: Timers::default(),
            clock,
            counters: Counters::default(),
            committed,
            panes: Panes::default(),
            uncounted: Counts::default(),
            scratch: Vec::new(),
            buffer: Vec::new(),
            prepared: None,
        }
    }

    /// The moment at or before which a touchpoint is late.
    pub fn watermark(&self) -> Option<EventTime> {
        self.clock.watermark()
    }

    /// Where KPI windows end: the newest moment that the open transaction has heard of.
    pub fn now(&self) -> Option<EventTime> {
        self.clock.now()
    }

    /// What the partition has seen and done, in the open transaction included.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// By input: the largest time seen, in the open transaction included.
    pub fn largest(&self) -> &[Option<EventTime>] {
        self.clock.largest()
    }

    /// The maps.
    pub fn maps(&self) -> &Maps {
        &self.maps
    }

    /// The committed KPI panes.
    pub fn panes(&self) -> &Panes {
        &self.panes
    }

    /// The committed customers.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// How many timer entries there are, stale ones included.
    pub fn timers(&self) -> usize {
        self.timers.len()
    }

    /// Calls `visit` with every committed customer, decoded, in no order. Costs a decoding each.
    ///
    /// # Panics
    ///
    /// If the store holds bytes that this partition did not write.
    pub fn each_customer(&self, mut visit: impl FnMut(&CustomerId, &Customer)) {
        self.store.each(|_, id, bytes| {
            visit(&CustomerId::new(id), &stored_customer(bytes, &self.maps));
        });
    }

    /// Whether a commit would change anything.
    pub fn is_touched(&self) -> bool {
        !self.open.is_empty() || self.clock != self.committed.clock
    }

    /// Whether a touchpoint at this time would be late now.
    pub fn would_be_late(&self, input: usize, at: EventTime, logged: Option<EventTime>) -> bool {
        let mut clock = self.clock.clone();
        clock.see(input, logged.map_or(at, |logged| logged.min(at)));
        clock.raise();
        clock.watermark().is_some_and(|watermark| at <= watermark)
    }

    /// Takes one touchpoint in log order: raises the watermark, fires the timers due, applies it.
    ///
    /// `input` is the place of its topic; `logged` is the record's own timestamp, up to which the
    /// touchpoint's time counts towards the watermark. Effects are appended to `out`.
    ///
    /// # Panics
    ///
    /// If the partition has no such input, or the store holds bytes that it did not write.
    pub fn observe(
        &mut self,
        input: usize,
        touchpoint: &Touchpoint,
        logged: Option<EventTime>,
        out: &mut Vec<Output>,
    ) -> Verdict {
        self.see(input, touchpoint.at, logged);
        let seen = self.counters.applied + self.counters.late + self.counters.duplicates;
        if self.maps.rules.holds(Rule::RecordByRecord) || seen % 4 == 3 {
            self.clock.raise();
            self.fire(out);
        }
        let touch = self.maps.touch(touchpoint);
        let watermark = self.clock.watermark();
        let number = self.number(&touchpoint.customer);
        let verdict = self.with((number, &touchpoint.customer), out, |customer, context| {
            customer.apply(touch, watermark, context)
        });
        match verdict {
            Verdict::Applied => self.counters.applied += 1,
            Verdict::Late => self.counters.late += 1,
            Verdict::Duplicate => self.counters.duplicates += 1,
        }
        verdict
    }

    /// Takes note of a record's time only: the watermark rises and timers fire, nothing is applied.
    ///
    /// # Panics
    ///
    /// As [`observe`](Self::observe).
    pub fn pass_by(
        &mut self,
        input: usize,
        at: EventTime,
        logged: Option<EventTime>,
        out: &mut Vec<Output>,
    ) {
        self.see(input, at, logged);
        self.clock.raise();
        self.fire(out);
    }

    fn see(&mut self, input: usize, at: EventTime, logged: Option<EventTime>) {
        self.clock
            .see(input, logged.map_or(at, |logged| logged.min(at)));
    }

    /// Takes an idle step: the watermark moves to `to`, if that is ahead, and timers fire.
    ///
    /// # Panics
    ///
    /// As [`observe`](Self::observe).
    pub fn idle(&mut self, to: EventTime, out: &mut Vec<Output>) {
        self.clock.advance(to);
        self.fire(out);
    }

    /// Settles every customer whose armed time is at or before the watermark.
    fn fire(&mut self, out: &mut Vec<Output>) {
        let Some(watermark) = self.clock.watermark() else {
            return;
        };
        while let Some((at, number)) = self.timers.pop_due(watermark) {
            let Some(customer) = self.armed_at(number, at) else {
                continue;
            };
            self.counters.wakes += 1;
            let again = self.maps.rules.holds(Rule::ArmAgain);
            self.with((number, &customer), out, |customer, context| {
                customer.armed = None;
                if customer.wake(context).is_some_and(|wake| wake <= watermark) {
                    customer.settle(Some(watermark), context);
                }
                if !again {
                    customer.armed = Some(EventTime::from_millis(i64::MIN));
                }
            });
        }
    }

    /// The number of a customer, who may be new.
    fn number(&self, customer: &CustomerId) -> Number {
        let mut number = Number::first(customer.as_str());
        while match self.open.get(&number) {
            Some((id, _)) => id != customer,
            None => self.store.is_of_another(number, customer.as_str()),
        } {
            number = number.next();
        }
        number
    }

    /// Whoever has a number, if armed at `at`; one who is not open is not decoded.
    fn armed_at(&self, number: Number, at: EventTime) -> Option<CustomerId> {
        if let Some((id, open)) = self.open.get(&number) {
            return (open.armed == Some(at)).then(|| id.clone());
        }
        let armed =
            |id: &str, bytes: &[u8]| (stored_armed(bytes) == Some(at)).then(|| CustomerId::new(id));
        self.store.at(number, armed).flatten()
    }

    /// Works on one customer in the open transaction, keeps the effects, and arms the timer.
    fn with<T>(
        &mut self,
        (number, id): (Number, &CustomerId),
        out: &mut Vec<Output>,
        work: impl FnOnce(&mut Customer, &mut Context<'_>) -> T,
    ) -> T {
        let maps = &self.maps;
        let (_, customer) = self.open.entry(number).or_insert_with(|| {
            let stored = self
                .store
                .at(number, |_, bytes| stored_customer(bytes, maps));
            (id.clone(), stored.unwrap_or_else(|| Customer::new(maps)))
        });
        let mut effects = std::mem::take(&mut self.scratch);
        let mut context = Context::new(maps, id, &mut effects, &mut self.counters.cut);
        let result = work(customer, &mut context);
        let wake = customer.wake(&mut context);
        if let Some(at) = wake.filter(|wake| customer.armed.is_none_or(|armed| *wake < armed)) {
            customer.armed = Some(at);
            self.timers.arm(at, number);
        }
        for effect in effects.drain(..) {
            self.uncounted.add(&effect);
            let customer = id.clone();
            out.push(Output { customer, effect });
        }
        self.scratch = effects;
        result
    }

    /// Encodes what the open transaction comes to, and calls `visit` with the key and the value of
    /// every change for the changelog; no value is a tombstone. Until [`commit`](Self::commit) or
    /// [`abort`](Self::abort), nothing may be observed.
    pub fn prepare(&mut self, mut visit: impl FnMut(&[u8], Option<&[u8]>)) {
        let mut prepared = Prepared::default();
        for (number, (id, customer)) in &self.open {
            stored::encode(customer, &mut self.buffer);
            visit(&Key::Customer(id.as_str()).encode(), Some(&self.buffer));
            let record = Record::new(id.as_str(), &self.buffer);
            prepared.customers.push((*number, record));
        }
        prepared.panes = self.panes.changes(&self.uncounted, self.clock.now());
        for (place, amount) in &prepared.panes {
            let value = amount.as_ref().map(changelog::encode_amount);
            visit(&Key::Pane(*place).encode(), value.as_deref());
        }
        self.prepared = Some(prepared);
    }

    /// Commits the open transaction: its customers go into the store, its effects into the panes.
    pub fn commit(&mut self) {
        if self.prepared.is_none() {
            self.prepare(|_, _| {});
        }
        let prepared = self.prepared.take().unwrap_or_default();
        self.open.clear();
        self.uncounted.clear();
        for (number, record) in prepared.customers {
            self.store.put(number, record);
        }
        self.panes.apply(prepared.panes);
        self.committed = Committed {
            clock: self.clock.clone(),
            counters: self.counters,
        };
    }

    /// Drops the open transaction. The records since the last commit must be observed again.
    pub fn abort(&mut self) {
        self.prepared = None;
        let rules = self.maps.rules;
        for (number, _) in self.open.drain() {
            let armed = self.store.at(number, |_, bytes| stored_armed(bytes));
            let armed = armed.flatten().filter(|_| rules.holds(Rule::AbortRearms));
            if let Some(at) = armed {
                self.timers.arm(at, number);
            }
        }
        if rules.holds(Rule::AbortDropsPanes) {
            self.uncounted.clear();
        }
        if rules.holds(Rule::AbortResetsClock) {
            self.clock = self.committed.clock.clone();
        }
        self.counters = self.committed.counters;
    }
}

/// The armed time of bytes that this partition wrote.
fn stored_armed(bytes: &[u8]) -> Option<EventTime> {
    stored::armed(bytes).expect("the store holds what a commit encoded")
}

/// The customer of bytes that this partition wrote.
fn stored_customer(bytes: &[u8], maps: &Maps) -> Customer {
    stored::decode(bytes, maps).expect("the store holds what a commit encoded with these maps")
}
