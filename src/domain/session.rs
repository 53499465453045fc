//! Sessions: runs of touches without a long silence.

use super::context::Context;
use super::digits::Digits;
use super::effects::{EffectKind, SessionEnded};
use super::map::Bounce;
use super::maps::{ChannelSet, KindId, SessionRule};
use super::time::EventTime;
use super::touch::Touch;

/// A session that is going on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The first touch.
    pub start: EventTime,
    /// The newest touch.
    pub last: EventTime,
    /// How many touches.
    pub touches: u32,
    /// How many of them were views.
    pub views: u32,
    /// The channels touched.
    pub channels: ChannelSet,
    /// The type of the first touch.
    pub entry: KindId,
    /// The type of the newest touch.
    pub exit: KindId,
    /// Whether a conversion lies in it.
    pub converted: bool,
}

impl Session {
    /// The session that begins with `touch`.
    pub(super) fn start(touch: &Touch, view: bool) -> Self {
        let mut session = Self {
            start: touch.at,
            last: touch.at,
            touches: 0,
            views: 0,
            channels: ChannelSet::default(),
            entry: touch.kind,
            exit: touch.kind,
            converted: false,
        };
        session.add(touch, view);
        session
    }

    /// Counts `touch` in. One that is older than the newest does not move the end.
    pub(super) fn add(&mut self, touch: &Touch, view: bool) {
        self.touches = self.touches.saturating_add(1);
        self.views = self.views.saturating_add(u32::from(view));
        self.channels = self.channels.with(touch.channel);
        if touch.at >= self.last {
            self.last = touch.at;
            self.exit = touch.kind;
        }
    }

    /// When it ends unless another touch comes; a touch at that very moment still belongs.
    pub(super) fn due(&self, rule: &SessionRule) -> EventTime {
        self.last.plus(rule.gap).min(self.start.plus(rule.max))
    }

    /// Leaves the effect of its end at `at`.
    pub(super) fn end(&self, at: EventTime, rule: &SessionRule, context: &mut Context<'_>) {
        let lasted = self.last.since(self.start);
        let engaged = lasted > rule.longer_than || self.converted || self.views >= rule.views;
        let ended = SessionEnded {
            start: self.start,
            end: self.last,
            touches: self.touches,
            views: self.views,
            channels: self.channels,
            entry: self.entry,
            exit: self.exit,
            engaged,
            bounced: match rule.bounce {
                Bounce::NotEngaged => !engaged,
                Bounce::SingleView => self.views == 1,
            },
            converted: self.converted,
        };
        let start = Digits::decimal(self.start.as_millis());
        let id = context.id(&["session", start.as_str()]);
        context.assert(id, at, EffectKind::SessionEnded(Box::new(ended)));
    }
}
