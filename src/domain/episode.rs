//! Episodes: something begun that can be abandoned, such as one cart.

use super::context::Context;
use super::digits::Digits;
use super::effects::{Abandonment, EffectId, EffectKind, Recovery, Retraction};
use super::maps::{AbandonmentRule, ChannelSet, Roles, StepIx};
use super::time::EventTime;
use super::touch::Touch;
use super::touchpoint::Currency;

/// One episode of a rule: open until its first deadline passes, then remembered for recovery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Episode {
    /// The rule's number in its map.
    pub rule: u16,
    /// The cart, order or request; none for the customer's own episode.
    pub instance: Option<Box<str>>,
    /// The 64-bit hash of the opening touchpoint's id.
    pub opening: u64,
    /// When it was opened.
    pub opened: EventTime,
    /// The touch that its deadlines count from.
    pub last_touch: EventTime,
    /// The deadlines that have passed, one for each alert sent.
    pub passed: Vec<EventTime>,
    /// A newer episode of the same instance has begun: no further alert is sent.
    pub superseded: bool,
    /// What is in it, in minor units of `currency`.
    pub value: i64,
    /// The currency.
    pub currency: Option<Currency>,
    /// How many pieces are in it.
    pub items: u32,
    /// The channels touched since it was opened.
    pub channels: ChannelSet,
}

/// What the passing of a deadline does to an episode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Passing {
    /// It goes on.
    Stays,
    /// It is over and forgotten.
    Goes,
}

impl Episode {
    /// The episode that `touch` opens.
    pub(super) fn open(rule: u16, instance: Option<&str>, touch: &Touch) -> Self {
        Self {
            rule,
            instance: instance.map(Into::into),
            opening: super::ring::hash(&touch.id),
            opened: touch.at,
            last_touch: touch.at,
            passed: Vec::new(),
            superseded: false,
            value: touch.value.unwrap_or(0),
            currency: touch.value.and(touch.currency),
            items: touch.quantity,
            channels: ChannelSet::default().with(touch.channel),
        }
    }

    /// Whether no deadline of it has passed yet.
    pub fn is_open(&self) -> bool {
        self.passed.is_empty()
    }

    /// Whether a touch that names `instance` (or none) means this episode.
    pub(super) fn is_meant_by(&self, instance: Option<&str>) -> bool {
        instance.is_none() || self.instance.is_none() || self.instance.as_deref() == instance
    }

    /// When the next alert is due, if one is left.
    fn alert_due(&self, rule: &AbandonmentRule) -> Option<EventTime> {
        let level = rule
            .levels
            .get(self.passed.len())
            .filter(|_| !self.superseded)?;
        Some(self.last_touch.plus(*level))
    }

    /// Until when a completion still recovers it, once it is abandoned.
    fn remembered_until(&self, rule: &AbandonmentRule) -> Option<EventTime> {
        self.passed
            .first()
            .map(|first| first.plus(rule.recovers_within))
    }

    /// The next moment at which silence changes something.
    pub(super) fn due(&self, rule: &AbandonmentRule) -> EventTime {
        let never = EventTime::from_millis(i64::MAX);
        let alert = self.alert_due(rule).unwrap_or(never);
        alert.min(self.remembered_until(rule).unwrap_or(never))
    }

    /// Lets the deadline at `at` pass while the customer stands at `position`.
    pub(super) fn pass(
        &mut self,
        at: EventTime,
        position: Option<StepIx>,
        rule: &AbandonmentRule,
        context: &mut Context<'_>,
    ) -> Passing {
        if self.is_open() && self.items == 0 {
            self.drop_out(at, rule, context);
            return Passing::Goes;
        }
        if self.alert_due(rule) != Some(at) {
            return Passing::Goes;
        }
        let level = self.passed.len();
        let id = self.alert_id(level, rule, context);
        self.passed.push(at);
        let abandonment = Abandonment {
            rule: self.rule,
            level: u8::try_from(level).unwrap_or(u8::MAX),
            instance: self.instance.clone(),
            position,
            opened: self.opened,
            last_touch: self.last_touch,
            value: self.value,
            currency: self.currency,
            items: self.items,
            channels: self.channels,
        };
        context.assert(id, at, EffectKind::Abandoned(Box::new(abandonment)));
        Passing::Stays
    }

    /// Moves the deadlines to count from `touch`, and takes over what it says of the content.
    pub(super) fn extend(&mut self, touch: &Touch, roles: Roles) {
        self.last_touch = self.last_touch.max(touch.at);
        self.channels = self.channels.with(touch.channel);
        if roles.has(Roles::OPENS) {
            self.items = self.items.saturating_add(touch.quantity);
            self.value = self.value.saturating_add(touch.value.unwrap_or(0));
        } else if roles.has(Roles::REMOVES) {
            self.items = self.items.saturating_sub(touch.quantity);
            self.value = self.value.saturating_sub(touch.value.unwrap_or(0)).max(0);
        } else if let Some(value) = touch.value {
            self.value = value;
        }
        if touch.value.is_some() {
            self.currency = touch.currency.or(self.currency);
        }
    }

    /// Leaves the effect of having begun.
    pub(super) fn begin(&self, rule: &AbandonmentRule, context: &mut Context<'_>) {
        let id = self.id("opened", rule, context);
        context.assert(id, self.opened, EffectKind::Opened { rule: self.rule });
    }

    /// Leaves the effect of an end without a trace.
    pub(super) fn drop_out(
        &self,
        at: EventTime,
        rule: &AbandonmentRule,
        context: &mut Context<'_>,
    ) {
        let id = self.id("dropped", rule, context);
        context.assert(id, at, EffectKind::Dropped { rule: self.rule });
    }

    /// Leaves the effect of a completion before the first deadline.
    pub(super) fn complete(
        &self,
        touch: &Touch,
        rule: &AbandonmentRule,
        context: &mut Context<'_>,
    ) {
        let id = self.id("completed", rule, context);
        context.assert(id, touch.at, EffectKind::Completed { rule: self.rule });
    }

    /// Leaves the effect of a completion after the first deadline, which lay at `first`.
    pub(super) fn recover(
        &self,
        touch: &Touch,
        first: EventTime,
        rule: &AbandonmentRule,
        context: &mut Context<'_>,
    ) {
        let recovery = Recovery {
            alert: self.alert_id(0, rule, context),
            rule: self.rule,
            alerts: u8::try_from(self.passed.len()).unwrap_or(u8::MAX),
            instance: self.instance.clone(),
            opened: self.opened,
            took: touch.at.since(first),
            value: touch.value.unwrap_or(self.value),
            currency: touch.value.and(touch.currency).or(self.currency),
            touchpoint: touch.id.clone(),
        };
        let id = self.id("recovered", rule, context);
        context.assert(id, touch.at, EffectKind::Recovered(Box::new(recovery)));
    }

    /// Takes back every alert that was sent, because of `touch`.
    pub(super) fn retract(&self, touch: &Touch, rule: &AbandonmentRule, context: &mut Context<'_>) {
        for (level, at) in self.passed.iter().enumerate() {
            let retraction = Retraction {
                rule: self.rule,
                level: u8::try_from(level).unwrap_or(u8::MAX),
                instance: self.instance.clone(),
                opened: self.opened,
                touchpoint: touch.id.clone(),
                touched: touch.at,
            };
            let id = self.alert_id(level, rule, context);
            context.assert(id, *at, EffectKind::Retracted(Box::new(retraction)));
        }
    }

    fn alert_id(&self, level: usize, rule: &AbandonmentRule, context: &Context<'_>) -> EffectId {
        let opening = Digits::hexadecimal(self.opening);
        let level = Digits::decimal(i64::try_from(level).unwrap_or(i64::MAX));
        let instance = self.instance.as_deref().unwrap_or_default();
        context.id(&[
            "abandoned",
            &rule.id,
            instance,
            opening.as_str(),
            level.as_str(),
        ])
    }

    fn id(&self, what: &str, rule: &AbandonmentRule, context: &Context<'_>) -> EffectId {
        let opening = Digits::hexadecimal(self.opening);
        context.id(&[
            what,
            &rule.id,
            self.instance.as_deref().unwrap_or_default(),
            opening.as_str(),
        ])
    }
}
