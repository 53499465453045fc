//! The reference program's episodes: what was opened, left alone, completed or recovered.

use wayfarer::domain::{
    Abandonment, AbandonmentSpec, Cause, Currency, Effect, EffectKind, EventTime, Millis, Recovery,
    StepIx, Touchpoint,
};

use crate::reference::{Way, hash_of, instance, ms};

/// What becomes of every episode of every rule of one map, told from the settled touches.
pub(crate) fn episodes(way: &Way<'_>, transitions: &[Effect]) -> Vec<Effect> {
    let touches: Vec<&Touchpoint> = way.settled().collect();
    let mut effects = Vec::new();
    for (number, rule) in way.spec.abandonments.iter().enumerate() {
        for (i, opening) in touches.iter().enumerate() {
            if has(&rule.opens, opening) && !runs(rule, &touches[..i], opening) {
                let episode = Episode {
                    way,
                    transitions,
                    rule,
                    number,
                    opening,
                };
                effects.extend(episode.story(&touches[i + 1..]));
            }
        }
    }
    effects
}

fn has(types: &[String], touch: &Touchpoint) -> bool {
    types.iter().any(|name| **name == *touch.kind)
}

/// Whether a touch in a role other than `opens` addresses the episode that `opening` opened: one
/// without a key addresses all of the rule, one with a key its own and the one without.
fn addresses(rule: &AbandonmentSpec, touch: &Touchpoint, opening: &Touchpoint) -> bool {
    let (named, own) = (instance(rule, touch), instance(rule, opening));
    named.is_none() || own.is_none() || named == own
}

/// Whether a touch moves the deadline of the episode that `opening` opened. Taking something out is
/// a sign of life too.
fn moves(rule: &AbandonmentSpec, touch: &Touchpoint, opening: &Touchpoint) -> bool {
    if has(&rule.opens, touch) {
        return instance(rule, touch) == instance(rule, opening);
    }
    let extends = has(&rule.extends, touch) || has(&rule.removes, touch);
    extends && addresses(rule, touch, opening)
}

/// Whether an episode of the same instance, not yet abandoned, runs when `opening` comes.
fn runs(rule: &AbandonmentSpec, before: &[&Touchpoint], opening: &Touchpoint) -> bool {
    let mut deadline: Option<i64> = None;
    for touch in before {
        deadline = deadline.filter(|deadline| ms(touch) <= *deadline);
        let starts = has(&rule.opens, touch) || deadline.is_some();
        if moves(rule, touch, opening) && starts {
            deadline = Some(ms(touch) + rule.after.get());
        }
        let ends = has(&rule.completes, touch) || has(&rule.cancels, touch);
        if ends && addresses(rule, touch, opening) {
            deadline = None;
        }
    }
    deadline.is_some_and(|deadline| ms(opening) <= deadline)
}

/// One episode.
struct Episode<'a> {
    way: &'a Way<'a>,
    transitions: &'a [Effect],
    rule: &'a AbandonmentSpec,
    number: usize,
    opening: &'a Touchpoint,
}

impl<'a> Episode<'a> {
    /// What becomes of it, given the settled touches after its opening.
    fn story(&self, rest: &[&'a Touchpoint]) -> Vec<Effect> {
        let rule = self.rule;
        let number = self.rule_number();
        let opened = EffectKind::Opened { rule: number };
        let dropped = |at| {
            let kind = EffectKind::Dropped { rule: number };
            self.effect(&self.parts("dropped"), at, kind)
        };
        let mut effects = vec![self.effect(&self.parts("opened"), ms(self.opening), opened)];
        // The touches that belong to it, and the times of its alerts.
        let mut own = vec![self.opening];
        let mut alerts: Vec<i64> = Vec::new();
        let mut superseded = false;
        let touches = rest.iter().copied().map(Some).chain([None]);
        for touch in touches {
            let until = touch.map_or(self.way.watermark + 1, ms);
            while let Some(due) = self.due(&own, &alerts)
                && due < until
                && !superseded
            {
                if alerts.is_empty() && items(rule, &own) == 0 {
                    effects.push(dropped(due));
                    return effects;
                }
                effects.push(self.abandoned(alerts.len(), due, &own));
                alerts.push(due);
            }
            let Some(touch) = touch else { break };
            if alerts
                .first()
                .is_some_and(|first| ms(touch) > first + rule.recovers_within.get())
            {
                break;
            }
            let mine = instance(rule, touch) == instance(rule, self.opening);
            if has(&rule.opens, touch) {
                if mine && !alerts.is_empty() {
                    superseded = true;
                } else if mine {
                    own.push(touch);
                }
                continue;
            }
            if !addresses(rule, touch, self.opening) {
                continue;
            }
            if (has(&rule.extends, touch) || has(&rule.removes, touch)) && !superseded {
                own.push(touch);
            }
            if has(&rule.completes, touch) {
                effects.push(self.completed(touch, &alerts, &own));
                break;
            }
            if has(&rule.cancels, touch) && alerts.is_empty() {
                effects.push(dropped(ms(touch)));
                break;
            }
        }
        effects
    }

    /// When the next alert is due, if nothing more happens.
    fn due(&self, own: &[&Touchpoint], alerts: &[i64]) -> Option<i64> {
        let levels = [&[self.rule.after], self.rule.again.as_slice()].concat();
        let due = self.last_touch(own) + levels.get(alerts.len())?.get();
        let forgotten = |first: &i64| due > first + self.rule.recovers_within.get();
        (!alerts.first().is_some_and(forgotten)).then_some(due)
    }

    /// The last touch that moved the deadline.
    fn last_touch(&self, own: &[&Touchpoint]) -> i64 {
        own.iter()
            .rfind(|touch| moves(self.rule, touch, self.opening))
            .map_or(ms(self.opening), |touch| ms(touch))
    }

    fn instance(&self) -> Option<&'a str> {
        instance(self.rule, self.opening)
    }

    /// The id's parts for `what` happened to this episode.
    fn parts(&self, what: &str) -> Vec<String> {
        vec![
            what.into(),
            self.rule.id.clone(),
            self.instance().unwrap_or("").into(),
            hash_of(&self.opening.id),
        ]
    }

    fn effect(&self, parts: &[String], at: i64, kind: EffectKind) -> Effect {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.way.effect(&parts, at, kind)
    }

    fn rule_number(&self) -> u16 {
        u16::try_from(self.number).expect("a map has at most 64 rules")
    }

    fn abandoned(&self, level: usize, due: i64, own: &[&Touchpoint]) -> Effect {
        let alert = Abandonment {
            rule: self.rule_number(),
            level: u8::try_from(level).expect("a rule has at most 8 alerts"),
            instance: self.instance().map(Into::into),
            position: self.position(due),
            opened: self.opening.at,
            last_touch: EventTime::from_millis(self.last_touch(own)),
            value: value(self.rule, own),
            currency: currency(own),
            items: u32::try_from(items(self.rule, own)).expect("few items"),
            channels: self.way.channels(own),
        };
        let mut parts = self.parts("abandoned");
        parts.push(level.to_string());
        self.effect(&parts, due, EffectKind::Abandoned(Box::new(alert)))
    }

    fn completed(&self, touch: &Touchpoint, alerts: &[i64], own: &[&Touchpoint]) -> Effect {
        let rule = self.rule_number();
        let Some(first) = alerts.first() else {
            let parts = self.parts("completed");
            return self.effect(&parts, ms(touch), EffectKind::Completed { rule });
        };
        let alert = [self.parts("abandoned"), vec!["0".into()]].concat();
        let alert: Vec<&str> = alert.iter().map(String::as_str).collect();
        let recovery = Recovery {
            alert: self.way.id(&alert),
            rule,
            alerts: u8::try_from(alerts.len()).expect("a rule has at most 8 alerts"),
            instance: self.instance().map(Into::into),
            opened: self.opening.at,
            took: Millis::new(ms(touch) - first),
            value: touch.value.unwrap_or_else(|| value(self.rule, own)),
            currency: match touch.value {
                Some(_) => touch.currency.or(currency(own)),
                None => currency(own),
            },
            touchpoint: touch.id.clone(),
        };
        let kind = EffectKind::Recovered(Box::new(recovery));
        self.effect(&self.parts("recovered"), ms(touch), kind)
    }

    /// Where the customer stands at the deadline `due`: touches at that instant come before it, a
    /// `return` at that instant after it.
    fn position(&self, due: i64) -> Option<StepIx> {
        let mut stands = None;
        for effect in self.transitions {
            if let EffectKind::Transition { to, cause, .. } = &effect.kind {
                let by_return = matches!(cause, Cause::Return);
                let at = effect.at.as_millis();
                if at < due || (at == due && !by_return) {
                    stands = Some(*to);
                }
            }
        }
        stands
    }
}

/// What is in an episode: openings add, removals take out, any other extending value replaces.
fn value(rule: &AbandonmentSpec, own: &[&Touchpoint]) -> i64 {
    own.iter().fold(0, |sum, touch| {
        let value = touch.value.unwrap_or(0);
        if has(&rule.opens, touch) {
            sum + value
        } else if has(&rule.removes, touch) {
            (sum - value).max(0)
        } else {
            touch.value.unwrap_or(sum)
        }
    })
}

/// How many pieces are in an episode.
fn items(rule: &AbandonmentSpec, own: &[&Touchpoint]) -> i64 {
    own.iter().fold(0, |sum, touch| {
        let pieces = i64::from(touch.quantity());
        if has(&rule.opens, touch) {
            sum + pieces
        } else if has(&rule.removes, touch) {
            (sum - pieces).max(0)
        } else {
            sum
        }
    })
}

/// The currency of an episode's value: the last one named together with a value.
fn currency(own: &[&Touchpoint]) -> Option<Currency> {
    own.iter()
        .filter(|touch| touch.value.is_some())
        .rev()
        .find_map(|touch| touch.currency)
}
