//! One customer's way through one map.

use super::context::Context;
use super::digits::Digits;
use super::effects::{Cause, Converted, EffectKind, Exposure};
use super::episode::{Episode, Passing};
use super::map::Moves;
use super::maps::{AbandonmentRule, JourneyMap, Meaning, Roles, StepIx};
use super::ring::Ring;
use super::session::Session;
use super::time::{EventTime, Millis};
use super::touch::Touch;
use super::touchpoint::Currency;

/// What a customer's touches have come to in one map.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Journey {
    /// Where the customer stands; nowhere before the first transition.
    pub position: Option<StepIx>,
    /// Since when.
    pub since: Option<EventTime>,
    /// The session that is going on.
    pub session: Option<Session>,
    /// Open episodes, and abandoned ones that can still be recovered, oldest first.
    pub episodes: Vec<Episode>,
    /// By rule: the newest completing or cancelling touch.
    pub ended: Vec<(u16, EventTime)>,
    /// The touches that a conversion would be credited to, oldest first.
    pub path: Vec<Exposure>,
    /// How many conversions.
    pub conversions: u32,
    /// The newest conversion.
    pub converted: Option<EventTime>,
    /// The orders that conversions named.
    pub orders: Ring,
    /// What they brought less what went back, by currency.
    pub revenue: Vec<(Option<Currency>, i64)>,
}

/// The customer's own figures that a journey's effects mention.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Totals {
    /// How many touches, this one included.
    pub(super) touches: u32,
    /// The first of them.
    pub(super) first: EventTime,
}

impl Journey {
    /// Applies a touch in its order. The deadlines before it have passed already.
    pub(super) fn touch(&mut self, touch: &Touch, totals: Totals, context: &mut Context<'_>) {
        let map = context.journey_map();
        let meaning = map.meaning(touch.kind);
        match &mut self.session {
            Some(session) => session.add(touch, meaning.view),
            None => self.session = Some(Session::start(touch, meaning.view)),
        }
        self.expose(touch, map, context);
        let converted = meaning.converts && self.convert(touch, totals, false, context);
        if let Some(session) = &mut self.session {
            session.converted |= converted;
        }
        self.refund(touch, context);
        if let Some(to) = self.target(map.moves, meaning) {
            let cause = Cause::Touchpoint(touch.id.clone(), touch.kind);
            self.enter(to, touch.at, (cause, false), context);
        }
        for (rule, roles) in meaning
            .roles
            .iter()
            .enumerate()
            .filter(|(_, roles)| roles.any())
        {
            self.play(touch, rule, *roles, context);
        }
    }

    /// Applies a touch that came behind the watermark: it counts, but reorders nothing.
    pub(super) fn touch_late(
        &mut self,
        touch: &Touch,
        watermark: EventTime,
        totals: Totals,
        context: &mut Context<'_>,
    ) {
        let map = context.journey_map();
        let meaning = map.meaning(touch.kind);
        let converted = meaning.converts && self.convert(touch, totals, true, context);
        if let Some(session) = self
            .session
            .as_mut()
            .filter(|session| session.start <= touch.at)
        {
            session.add(touch, meaning.view);
            session.converted |= converted;
        }
        self.refund(touch, context);
        let onward = if map.moves == Moves::Strict {
            Moves::Strict
        } else {
            Moves::Forward
        };
        if let Some(to) = self.target(onward, meaning) {
            let cause = Cause::Touchpoint(touch.id.clone(), touch.kind);
            self.enter(to, touch.at, (cause, true), context);
        }
        for (rule, roles) in meaning
            .roles
            .iter()
            .enumerate()
            .filter(|(_, roles)| roles.any())
        {
            self.play_late(touch, watermark, (rule, *roles), context);
        }
    }

    /// The step that a type with this meaning moves the customer to, if any.
    fn target(&self, moves: Moves, meaning: &Meaning) -> Option<StepIx> {
        let here = self.position;
        if moves == Moves::Any && here.is_some_and(|step| meaning.steps.contains(&step)) {
            return None;
        }
        let allowed = |step: &&StepIx| match (moves, here) {
            (Moves::Any, _) | (Moves::Forward, None) => true,
            (Moves::Forward, Some(here)) => **step > here,
            (Moves::Strict, here) => step.0 == here.map_or(0, |here| here.0.saturating_add(1)),
        };
        meaning.steps.iter().find(allowed).copied()
    }

    /// Moves the customer to `to`, by a cause that may have come late.
    pub(super) fn enter(
        &mut self,
        to: StepIx,
        at: EventTime,
        (cause, late): (Cause, bool),
        context: &mut Context<'_>,
    ) {
        let dwell = self
            .since
            .map_or(Millis::ZERO, |since| at.since(since).max(Millis::ZERO));
        let (stage, step) = context.journey_map().name_of(to);
        let step = step.unwrap_or_default();
        let id = match &cause {
            Cause::Touchpoint(id, _) => context.id(&["transition", id, stage, step]),
            Cause::Return => {
                let time = Digits::decimal(at.as_millis());
                context.id(&["transition", "return", time.as_str(), stage, step])
            }
        };
        let from = self.position.replace(to);
        self.since = Some(self.since.map_or(at, |since| since.max(at)));
        context.assert(
            id,
            at,
            EffectKind::Transition {
                from,
                to,
                dwell,
                cause,
                late,
            },
        );
        if let Some(left) = from {
            context.assert(id, at, EffectKind::StayCompleted { step: left, dwell });
        }
    }

    /// Remembers where the customer was touched, for attribution.
    fn expose(&mut self, touch: &Touch, map: &JourneyMap, context: &mut Context<'_>) {
        push_exposure(&mut self.path, touch);
        let oldest = touch.at.minus(map.lookback);
        self.path.retain(|exposure| exposure.at >= oldest);
        if self.path.len() > context.maps.bounds.path.max(1) {
            self.path.remove(0);
            *context.cut += 1;
        }
    }

    /// Counts a conversion and leaves its effect, unless its order has converted already.
    fn convert(
        &mut self,
        touch: &Touch,
        totals: Totals,
        late: bool,
        context: &mut Context<'_>,
    ) -> bool {
        if let Some(order) = &touch.order {
            if self.orders.contains(order) {
                return false;
            }
            self.orders.push(order, context.maps.bounds.ring);
        }
        self.conversions = self.conversions.saturating_add(1);
        self.earn(touch.currency, touch.value.unwrap_or(0));
        let mut path = self.path.clone();
        if late {
            let oldest = touch.at.minus(context.journey_map().lookback);
            path.retain(|exposure| (oldest..=touch.at).contains(&exposure.at));
            push_exposure(&mut path, touch);
        }
        let converted = Converted {
            touchpoint: touch.id.clone(),
            kind: touch.kind,
            order: touch.order.clone(),
            value: touch.value.unwrap_or(0),
            currency: touch.currency,
            number: self.conversions,
            took: touch.at.since(totals.first),
            touches: totals.touches,
            path,
            previous: self.converted,
            late,
        };
        self.converted = self.converted.max(Some(touch.at));
        let id = context.id(&["conversion", touch.order.as_deref().unwrap_or(&touch.id)]);
        context.assert(id, touch.at, EffectKind::Converted(Box::new(converted)));
        true
    }

    fn refund(&mut self, touch: &Touch, context: &mut Context<'_>) {
        if let (true, Some(value)) = (touch.refund, touch.value) {
            self.earn(touch.currency, value.saturating_neg());
            let id = context.id(&["refunded", &touch.id]);
            let currency = touch.currency;
            context.assert(id, touch.at, EffectKind::Refunded { value, currency });
        }
    }

    fn earn(&mut self, currency: Option<Currency>, value: i64) {
        if value == 0 {
            return;
        }
        match self
            .revenue
            .iter_mut()
            .find(|(known, _)| *known == currency)
        {
            Some((_, sum)) => *sum = sum.saturating_add(value),
            None => self.revenue.push((currency, value)),
        }
    }

    /// Plays a touch's roles under one abandonment rule.
    fn play(&mut self, touch: &Touch, rule: usize, roles: Roles, context: &mut Context<'_>) {
        let definition = &context.journey_map().abandonments[rule];
        let number = u16::try_from(rule).unwrap_or(u16::MAX);
        let instance = touch.instance(definition.instance);
        if roles.has(Roles::OPENS) {
            self.open(touch, number, true, context);
        } else if roles.has(Roles::EXTENDS) || roles.has(Roles::REMOVES) {
            for episode in &mut self.episodes {
                if episode.rule == number && !episode.superseded && episode.is_meant_by(instance) {
                    episode.extend(touch, roles);
                }
            }
        }
        let completes = roles.has(Roles::COMPLETES);
        if completes || roles.has(Roles::CANCELS) {
            self.remember_end(number, touch.at);
            self.episodes.retain(|episode| {
                let meant = episode.rule == number && episode.is_meant_by(instance);
                let over = meant && (completes || episode.is_open());
                match episode.passed.first() {
                    _ if !over => {}
                    None if completes => episode.complete(touch, definition, context),
                    None => episode.drop_out(touch.at, definition, context),
                    Some(first) => episode.recover(touch, *first, definition, context),
                }
                !over
            });
        }
    }

    /// Plays a late touch's roles: it ends or extends what began before it, and opens only what
    /// could still be abandoned.
    fn play_late(
        &mut self,
        touch: &Touch,
        watermark: EventTime,
        (rule, roles): (usize, Roles),
        context: &mut Context<'_>,
    ) {
        let definition = &context.journey_map().abandonments[rule];
        let number = u16::try_from(rule).unwrap_or(u16::MAX);
        let instance = touch.instance(definition.instance);
        if roles.has(Roles::OPENS) {
            let ahead = touch.at.plus(definition.levels[0]) > watermark;
            let ended = self.ended.iter().find(|(ended, _)| *ended == number);
            let may_start = ahead && ended.is_none_or(|(_, at)| *at < touch.at);
            self.open(touch, number, may_start, context);
        } else if roles.has(Roles::EXTENDS) || roles.has(Roles::REMOVES) {
            for episode in &mut self.episodes {
                let meant = episode.rule == number && episode.is_meant_by(instance);
                if meant && episode.is_open() && touch.at > episode.last_touch {
                    episode.extend(touch, roles);
                }
            }
        }
        let completes = roles.has(Roles::COMPLETES);
        if completes || roles.has(Roles::CANCELS) {
            self.remember_end(number, touch.at);
            self.episodes.retain(|episode| {
                let meant = episode.rule == number && episode.is_meant_by(instance);
                !(meant && episode.opened <= touch.at && {
                    end_late(episode, touch, (completes, definition), context)
                })
            });
        }
    }

    /// Extends the open episode of the touch's own instance, or starts one if it may.
    fn open(&mut self, touch: &Touch, rule: u16, may_start: bool, context: &mut Context<'_>) {
        let definition = &context.journey_map().abandonments[usize::from(rule)];
        let instance = touch.instance(definition.instance);
        let same = |episode: &&mut Episode| {
            episode.rule == rule && episode.instance.as_deref() == instance
        };
        if let Some(episode) = self.episodes.iter_mut().filter(same).find(|e| e.is_open()) {
            if touch.at >= episode.last_touch {
                episode.extend(touch, Roles::OPENS);
            }
            return;
        }
        if !may_start {
            return;
        }
        for episode in self.episodes.iter_mut().filter(same) {
            episode.superseded = true;
        }
        if self.episodes.len() >= context.maps.bounds.episodes.max(1) {
            *context.cut += 1;
            match self.episodes.iter().position(|episode| !episode.is_open()) {
                Some(remembered) => drop(self.episodes.remove(remembered)),
                None => return,
            }
        }
        let episode = Episode::open(rule, instance, touch);
        episode.begin(definition, context);
        self.episodes.push(episode);
    }

    fn remember_end(&mut self, rule: u16, at: EventTime) {
        match self.ended.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, newest)) => *newest = at.max(*newest),
            None => self.ended.push((rule, at)),
        }
    }

    /// Lets the next deadline of the episode at `index` pass.
    pub(super) fn pass_episode(&mut self, index: usize, at: EventTime, context: &mut Context<'_>) {
        let rules = &context.journey_map().abandonments;
        let episode = &mut self.episodes[index];
        let rule = &rules[usize::from(episode.rule)];
        if episode.pass(at, self.position, rule, context) == Passing::Goes {
            self.episodes.remove(index);
        }
    }
}

/// Adds a touch to a path; equal neighbours are one exposure with the later time.
fn push_exposure(path: &mut Vec<Exposure>, touch: &Touch) {
    match path.last_mut() {
        Some(last) if last.channel == touch.channel => last.at = last.at.max(touch.at),
        _ => path.push(Exposure {
            at: touch.at,
            channel: touch.channel,
        }),
    }
}

/// Ends an episode by a late touch, if the touch has that power, and says whether it is over.
fn end_late(
    episode: &Episode,
    touch: &Touch,
    (completes, rule): (bool, &AbandonmentRule),
    context: &mut Context<'_>,
) -> bool {
    match episode.passed.first() {
        Some(first) if touch.at > *first => {
            if completes {
                episode.recover(touch, *first, rule, context);
            }
            completes
        }
        _ => {
            episode.retract(touch, rule, context);
            if completes {
                episode.complete(touch, rule, context);
            } else {
                episode.drop_out(touch.at, rule, context);
            }
            true
        }
    }
}
