//! Journeys as stored: times as spans before the customer's latest touch, names as numbers.

use super::super::proto::{StoredEnd, StoredEpisode, StoredJourney, StoredRevenue, StoredSession};
use super::{StoredError, ago, load_channel, load_kind, load_ring, store_currency, store_ring};
use crate::domain::{
    ChannelSet, Currency, Episode, EventTime, Exposure, Journey, JourneyMap, Maps, Session, StepIx,
};

/// The message for a journey whose customer was last touched at `base`.
pub(super) fn store(journey: &Journey, base: EventTime) -> StoredJourney {
    let span = |at: EventTime| base.since(at).get();
    let exposure = |seen: &Exposure| [span(seen.at), seen.channel.0.into()];
    let end = |(rule, at): &(u16, EventTime)| StoredEnd {
        rule: (*rule).into(),
        at: span(*at),
    };
    let revenue = |(currency, value): &(Option<Currency>, i64)| StoredRevenue {
        currency: store_currency(*currency),
        value: *value,
    };
    StoredJourney {
        position: journey.position.map_or(0, |step| u32::from(step.0) + 1),
        since: journey.since.map_or(0, span),
        session: journey
            .session
            .as_ref()
            .map(|session| store_session(session, base)),
        episodes: journey
            .episodes
            .iter()
            .map(|episode| store_episode(episode, base))
            .collect(),
        ended: journey.ended.iter().map(end).collect(),
        path: journey.path.iter().flat_map(exposure).collect(),
        conversions: journey.conversions,
        converted: journey.converted.map(span),
        orders: store_ring(&journey.orders),
        revenue: journey.revenue.iter().map(revenue).collect(),
    }
}

/// The journey that a message stands for.
pub(super) fn load(
    stored: StoredJourney,
    base: EventTime,
    map: &JourneyMap,
    maps: &Maps,
) -> Result<Journey, StoredError> {
    let position = stored
        .position
        .checked_sub(1)
        .map(|step| load_step(step, map))
        .transpose()?;
    let (pairs, _) = stored.path.as_chunks::<2>();
    let exposure = |[span, channel]: &[i64; 2]| {
        let channel = load_channel(u32::try_from(*channel).unwrap_or(u32::MAX), maps)?;
        Ok(Exposure {
            at: ago(base, *span),
            channel,
        })
    };
    Ok(Journey {
        position,
        since: position.map(|_| ago(base, stored.since)),
        session: stored
            .session
            .map(|session| load_session(&session, base, maps))
            .transpose()?,
        episodes: stored
            .episodes
            .into_iter()
            .map(|episode| load_episode(episode, base, map))
            .collect::<Result<_, _>>()?,
        ended: stored
            .ended
            .iter()
            .map(|end| Ok((load_rule(end.rule, map)?, ago(base, end.at))))
            .collect::<Result<_, _>>()?,
        path: pairs.iter().map(exposure).collect::<Result<_, _>>()?,
        conversions: stored.conversions,
        converted: stored.converted.map(|span| ago(base, span)),
        orders: load_ring(&stored.orders),
        revenue: stored
            .revenue
            .iter()
            .map(|revenue| (Currency::parse(&revenue.currency), revenue.value))
            .collect(),
    })
}

fn store_session(session: &Session, base: EventTime) -> StoredSession {
    StoredSession {
        start: base.since(session.start).get(),
        last: base.since(session.last).get(),
        touches: session.touches,
        views: session.views,
        channels: session.channels.0,
        entry: session.entry.0.into(),
        exit: session.exit.0.into(),
        converted: session.converted,
    }
}

fn load_session(
    stored: &StoredSession,
    base: EventTime,
    maps: &Maps,
) -> Result<Session, StoredError> {
    Ok(Session {
        start: ago(base, stored.start),
        last: ago(base, stored.last),
        touches: stored.touches,
        views: stored.views,
        channels: ChannelSet(stored.channels),
        entry: load_kind(stored.entry, maps)?,
        exit: load_kind(stored.exit, maps)?,
        converted: stored.converted,
    })
}

fn store_episode(episode: &Episode, base: EventTime) -> StoredEpisode {
    let span = |at: EventTime| base.since(at).get();
    StoredEpisode {
        rule: episode.rule.into(),
        instance: episode.instance.as_deref().map(str::to_owned),
        opening: episode.opening,
        opened: span(episode.opened),
        last_touch: span(episode.last_touch),
        passed: episode.passed.iter().map(|at| span(*at)).collect(),
        superseded: episode.superseded,
        value: episode.value,
        currency: store_currency(episode.currency),
        items: episode.items,
        channels: episode.channels.0,
    }
}

fn load_episode(
    stored: StoredEpisode,
    base: EventTime,
    map: &JourneyMap,
) -> Result<Episode, StoredError> {
    Ok(Episode {
        rule: load_rule(stored.rule, map)?,
        instance: stored.instance.map(Into::into),
        opening: stored.opening,
        opened: ago(base, stored.opened),
        last_touch: ago(base, stored.last_touch),
        passed: stored.passed.iter().map(|span| ago(base, *span)).collect(),
        superseded: stored.superseded,
        value: stored.value,
        currency: Currency::parse(&stored.currency),
        items: stored.items,
        channels: ChannelSet(stored.channels),
    })
}

fn load_step(number: u32, map: &JourneyMap) -> Result<StepIx, StoredError> {
    let known = u8::try_from(number)
        .ok()
        .filter(|step| usize::from(*step) < map.steps.len());
    known
        .map(StepIx)
        .ok_or_else(|| StoredError::Unknown(format!("step {number}")))
}

fn load_rule(number: u32, map: &JourneyMap) -> Result<u16, StoredError> {
    let rules = map.abandonments.len();
    let known = u16::try_from(number)
        .ok()
        .filter(|rule| usize::from(*rule) < rules);
    known.ok_or_else(|| StoredError::Unknown(format!("rule {number}")))
}
