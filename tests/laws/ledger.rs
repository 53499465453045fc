//! What must balance in any customer's outputs, whatever came late.

use std::collections::{BTreeMap, BTreeSet};

use wayfarer::domain::{Effect, EffectId, EffectKind, EventTime, Sign};

/// Checks the outputs of one customer, in order.
pub(crate) fn balance(effects: &[&Effect]) -> Result<(), String> {
    let maps: BTreeSet<u16> = effects.iter().map(|effect| effect.map).collect();
    for map in maps {
        let own: Vec<&Effect> = effects.iter().copied().filter(|e| e.map == map).collect();
        moves(&own)?;
        sessions(&own)?;
        conversions(&own)?;
        episodes(&own)?;
    }
    last_touches(effects)
}

/// A retraction takes back what was stated last under its id, nothing is stated twice, and what
/// remains leads from nowhere to one step.
fn moves(effects: &[&Effect]) -> Result<(), String> {
    let mut stated: BTreeMap<EffectId, &Effect> = BTreeMap::new();
    for effect in effects.iter().filter(|effect| effect.kind.is_live()) {
        let known = match effect.sign {
            Sign::Assert => stated.insert(effect.id, effect),
            Sign::Retract => stated.remove(&effect.id),
        };
        match (effect.sign, known) {
            (Sign::Assert, None) => {}
            (Sign::Retract, Some(known))
                if (known.at, &known.kind) == (effect.at, &effect.kind) => {}
            (_, known) => return Err(format!("{effect:#?} follows {known:#?}")),
        }
    }
    let mut stands = BTreeMap::new();
    for effect in stated.values() {
        if let EffectKind::Transition {
            from, to, dwell, ..
        } = &effect.kind
        {
            if dwell.get() < 0 {
                return Err(format!("{effect:#?} after less than no time"));
            }
            *stands.entry(*from).or_insert(0) -= 1;
            *stands.entry(Some(*to)).or_insert(0) += 1;
        }
    }
    stands.retain(|_, n| *n != 0);
    let places: Vec<_> = stands.into_iter().collect();
    match places.as_slice() {
        [] if stated.is_empty() => Ok(()),
        [(None, -1), (Some(_), 1)] => Ok(()),
        _ => Err(format!(
            "from nowhere to one step, but not so: {places:?} of {stated:#?}"
        )),
    }
}

/// Sessions come in order and do not overlap.
fn sessions(effects: &[&Effect]) -> Result<(), String> {
    let mut before: Option<EventTime> = None;
    for effect in effects {
        if let EffectKind::SessionEnded(session) = &effect.kind {
            if before.is_some_and(|end| session.start <= end) || session.end < session.start {
                return Err(format!(
                    "{session:#?} overlaps the session that ended at {before:?}"
                ));
            }
            before = Some(session.end);
        }
    }
    Ok(())
}

/// Conversions are numbered as they come, and each has an id of its own.
fn conversions(effects: &[&Effect]) -> Result<(), String> {
    let mut ids = BTreeSet::new();
    for effect in effects {
        if let EffectKind::Converted(converted) = &effect.kind {
            let fresh = ids.insert(effect.id);
            if !fresh || usize::try_from(converted.number) != Ok(ids.len()) {
                return Err(format!("{converted:#?} is not number {}", ids.len()));
            }
        }
    }
    Ok(())
}

/// Every id stands for one thing that happens once; only an alert that was sent is taken back or
/// recovered, and not both.
fn episodes(effects: &[&Effect]) -> Result<(), String> {
    let mut once = BTreeSet::new();
    let mut alerts = BTreeSet::new();
    for effect in effects {
        let in_order = match &effect.kind {
            EffectKind::Abandoned(_) => once.insert(effect.id) && alerts.insert(effect.id),
            EffectKind::Retracted(_) => alerts.remove(&effect.id),
            EffectKind::Recovered(recovery) => {
                once.insert(effect.id) && alerts.remove(&recovery.alert)
            }
            EffectKind::Opened { .. }
            | EffectKind::Completed { .. }
            | EffectKind::Dropped { .. } => once.insert(effect.id),
            _ => true,
        };
        if !in_order {
            return Err(format!("{effect:#?} does not follow from what came before"));
        }
    }
    Ok(())
}

/// Each move of the last touch starts where the one before it ended.
fn last_touches(effects: &[&Effect]) -> Result<(), String> {
    let mut stands: Option<EventTime> = None;
    for effect in effects {
        if let EffectKind::LastTouch { before } = effect.kind {
            if before != stands {
                return Err(format!(
                    "the last touch moves from {before:?}, it was {stands:?}"
                ));
            }
            stands = Some(effect.at);
        }
    }
    Ok(())
}
