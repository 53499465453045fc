//! From effects to messages: numbers become names.

use super::message::Known;
use crate::domain::{
    Abandonment, Cause, ChannelSet, Converted, Currency, CustomerId, Effect, EffectId, EventTime,
    JourneyMap, KindId, Maps, Millis, Recovery, Retraction, SessionEnded, Sign, StepIx,
};
use crate::wire::proto::{
    Alert, AlertKind, Conversion, Exposure, Session, Transition, TransitionCause,
};

/// An effect with what names it.
pub(super) struct About<'a> {
    pub(super) customer: &'a CustomerId,
    pub(super) effect: &'a Effect,
    pub(super) maps: &'a Maps,
    pub(super) map: &'a JourneyMap,
}

impl About<'_> {
    /// All of a transition but `late`.
    pub(super) fn transition(
        &self,
        (from, to): (Option<StepIx>, StepIx),
        dwell: Millis,
        cause: &Cause,
    ) -> Transition {
        let (from_stage, from_step) = self.place(from);
        let (to_stage, to_step) = self.map.name_of(to);
        let (cause, touchpoint, kind) = match cause {
            Cause::Touchpoint(id, kind) => (
                TransitionCause::Touchpoint,
                Some(id.to_string()),
                Some(self.kind(*kind)),
            ),
            Cause::Return => (TransitionCause::Return, None, None),
        };
        Transition {
            id: id_bytes(self.effect.id),
            customer: self.customer.to_string(),
            map: self.map.id.to_string(),
            map_version: self.map.version,
            retraction: self.retraction(),
            at: self.effect.at.as_millis(),
            from_stage,
            from_step,
            to_stage: to_stage.to_owned(),
            to_step: to_step.map(str::to_owned),
            dwell_ms: dwell.get(),
            cause: cause.into(),
            touchpoint,
            r#type: kind,
            late: false,
        }
    }

    pub(super) fn abandoned(&self, said: &Abandonment, known: &Known) -> Alert {
        let (stage, step) = self.place(said.position);
        Alert {
            level: Some(said.level.into()),
            instance: owned(said.instance.as_deref()),
            stage,
            step,
            value: Some(said.value),
            currency: code(said.currency),
            items: Some(said.items),
            channels: self.channels(said.channels),
            opened_at: said.opened.as_millis(),
            last_touch_at: Some(said.last_touch.as_millis()),
            ..self.alert(AlertKind::Abandoned, said.rule, known)
        }
    }

    pub(super) fn retracted(&self, said: &Retraction, known: &Known) -> Alert {
        Alert {
            level: Some(said.level.into()),
            instance: owned(said.instance.as_deref()),
            opened_at: said.opened.as_millis(),
            touchpoint: Some(said.touchpoint.to_string()),
            touched_at: Some(said.touched.as_millis()),
            ..self.alert(AlertKind::Retracted, said.rule, known)
        }
    }

    pub(super) fn recovered(&self, said: &Recovery, known: &Known) -> Alert {
        Alert {
            instance: owned(said.instance.as_deref()),
            value: Some(said.value),
            currency: code(said.currency),
            opened_at: said.opened.as_millis(),
            deadline: self.effect.at.minus(said.took).as_millis(),
            alert: Some(id_bytes(said.alert)),
            alerts: Some(said.alerts.into()),
            took_ms: Some(said.took.get()),
            touchpoint: Some(said.touchpoint.to_string()),
            touched_at: Some(self.effect.at.as_millis()),
            ..self.alert(AlertKind::Recovered, said.rule, known)
        }
    }

    /// What all alerts say.
    fn alert(&self, kind: AlertKind, rule: u16, known: &Known) -> Alert {
        Alert {
            id: id_bytes(self.effect.id),
            kind: kind.into(),
            customer: self.customer.to_string(),
            map: self.map.id.to_string(),
            map_version: self.map.version,
            rule: self.map.abandonments[usize::from(rule)].id.to_string(),
            at: self.effect.at.as_millis(),
            deadline: self.effect.at.as_millis(),
            detected_at: known.detected_at.map(EventTime::as_millis),
            watermark: known.watermark.map(EventTime::as_millis),
            ..Alert::default()
        }
    }

    pub(super) fn session(&self, said: &SessionEnded) -> Session {
        Session {
            id: id_bytes(self.effect.id),
            customer: self.customer.to_string(),
            map: self.map.id.to_string(),
            map_version: self.map.version,
            retraction: self.retraction(),
            at: self.effect.at.as_millis(),
            start: said.start.as_millis(),
            end: said.end.as_millis(),
            touches: said.touches,
            views: said.views,
            channels: self.channels(said.channels),
            entry: self.kind(said.entry),
            exit: self.kind(said.exit),
            engaged: said.engaged,
            bounced: said.bounced,
            converted: said.converted,
        }
    }

    pub(super) fn conversion(&self, said: &Converted) -> Conversion {
        let exposures = said.path.iter().map(|exposure| Exposure {
            at: exposure.at.as_millis(),
            channel: self.maps.channel_name(exposure.channel).to_owned(),
        });
        Conversion {
            id: id_bytes(self.effect.id),
            customer: self.customer.to_string(),
            map: self.map.id.to_string(),
            map_version: self.map.version,
            retraction: self.retraction(),
            at: self.effect.at.as_millis(),
            touchpoint: said.touchpoint.to_string(),
            r#type: self.kind(said.kind),
            order: owned(said.order.as_deref()),
            value: said.value,
            currency: code(said.currency),
            number: said.number,
            took_ms: said.took.get(),
            touches: said.touches,
            path: exposures.collect(),
            previous_at: said.previous.map(EventTime::as_millis),
            late: said.late,
        }
    }

    fn retraction(&self) -> bool {
        self.effect.sign == Sign::Retract
    }

    fn place(&self, step: Option<StepIx>) -> (Option<String>, Option<String>) {
        let Some(step) = step else {
            return (None, None);
        };
        let (stage, step) = self.map.name_of(step);
        (Some(stage.to_owned()), owned(step))
    }

    fn kind(&self, kind: KindId) -> String {
        self.maps.kind_name(kind).to_owned()
    }

    fn channels(&self, channels: ChannelSet) -> Vec<String> {
        let names = channels
            .iter()
            .map(|channel| self.maps.channel_name(channel));
        names.map(str::to_owned).collect()
    }
}

fn id_bytes(id: EffectId) -> Vec<u8> {
    id.as_u128().to_be_bytes().to_vec()
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn code(currency: Option<Currency>) -> Option<String> {
    currency.map(|currency| currency.as_str().to_owned())
}
