//! Journey maps as a person writes them: stages, moves, sessions and abandonments, by name.
//!
//! [`Maps::compile`](super::Maps::compile) checks them and turns names into numbers.

use super::time::Millis;

/// A journey map as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapSpec {
    /// The map's id, unique among the maps that run together.
    pub id: String,
    /// Its version, raised by whoever edits it.
    pub version: u32,
    /// What it is for, in prose.
    pub description: String,
    /// The stages in order.
    pub stages: Vec<StageSpec>,
    /// Which moves count.
    pub moves: Moves,
    /// Where a silent customer starts over.
    pub comeback: Option<ReturnSpec>,
    /// How sessions end and what makes one engaged.
    pub session: SessionSpec,
    /// What can be abandoned.
    pub abandonments: Vec<AbandonmentSpec>,
    /// How far back a conversion looks for the touches that led to it.
    pub lookback: Millis,
}

impl MapSpec {
    /// A map without stages and with the default sessions.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            version: 1,
            description: String::new(),
            stages: Vec::new(),
            moves: Moves::Forward,
            comeback: None,
            session: SessionSpec::default(),
            abandonments: Vec::new(),
            lookback: Millis::from_days(30),
        }
    }
}

/// A stage as written: steps, or (for a stage of one nameless step) a single step without an id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StageSpec {
    /// The stage's id, unique in the map.
    pub id: String,
    /// Its steps in order; the only one of a plain stage has no id.
    pub steps: Vec<StepSpec>,
    /// The types that convert.
    pub conversion: Vec<String>,
}

/// A step as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepSpec {
    /// The step's id, unique in its stage; none for a plain stage.
    pub id: Option<String>,
    /// The touchpoint types that enter it.
    pub on: Vec<String>,
}

/// Which moves between steps count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moves {
    /// Beyond where the customer stands; steps may be skipped.
    Forward,
    /// Anywhere but where the customer stands.
    Any,
    /// The next step only.
    Strict,
}

/// Where a silent customer starts over, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReturnSpec {
    /// A stage's id, or `stage.step`.
    pub to: String,
    /// How long the silence is, from the last touchpoint of any type.
    pub after: Millis,
}

/// What counts as a bounce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bounce {
    /// A session that was not engaged.
    NotEngaged,
    /// A session with exactly one view.
    SingleView,
}

/// Sessions, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionSpec {
    /// Silence that ends a session.
    pub gap: Millis,
    /// The longest that a session lasts.
    pub max: Millis,
    /// A session is engaged if it lasts longer than this,
    pub longer_than: Millis,
    /// or has this many views, or a conversion.
    pub views: u32,
    /// The types that are views.
    pub view_types: Vec<String>,
    /// What counts as a bounce.
    pub bounce: Bounce,
}

impl Default for SessionSpec {
    /// 30 minutes of silence or 24 hours; engaged by 10 s, two views or a conversion (GA4).
    fn default() -> Self {
        Self {
            gap: Millis::from_minutes(30),
            max: Millis::from_hours(24),
            longer_than: Millis::from_secs(10),
            views: 2,
            view_types: [
                "page_viewed",
                "screen_viewed",
                "product_viewed",
                "list_viewed",
            ]
            .map(String::from)
            .to_vec(),
            bounce: Bounce::NotEngaged,
        }
    }
}

/// What an episode is an episode of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InstanceKey {
    /// Each cart id has its own.
    Cart,
    /// Each order id has its own.
    Order,
    /// Each booking, lead or ticket has its own.
    Request,
    /// The customer has one at a time.
    Customer,
}

/// Something that can be abandoned, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AbandonmentSpec {
    /// The rule's id, unique in the map.
    pub id: String,
    /// Types that start an episode.
    pub opens: Vec<String>,
    /// Types that move the deadline of a running one.
    pub extends: Vec<String>,
    /// Types that convert it.
    pub completes: Vec<String>,
    /// Types that end it without a trace.
    pub cancels: Vec<String>,
    /// Types that take items out; an episode with nothing left in it is never abandoned.
    pub removes: Vec<String>,
    /// Silence after which the episode is abandoned.
    pub after: Millis,
    /// Silences after which further alerts of the same episode follow, ascending.
    pub again: Vec<Millis>,
    /// How long after the first deadline a completion still recovers the episode.
    pub recovers_within: Millis,
    /// What an episode is an episode of.
    pub instance: InstanceKey,
}

impl AbandonmentSpec {
    /// A rule with the given id, opening and completing types and silence, and nothing else.
    pub fn new(id: &str, opens: &str, completes: &str, after: Millis) -> Self {
        Self {
            id: id.into(),
            opens: vec![opens.into()],
            extends: Vec::new(),
            completes: vec![completes.into()],
            cancels: Vec::new(),
            removes: Vec::new(),
            after,
            again: Vec::new(),
            recovers_within: Millis::from_days(7),
            instance: InstanceKey::Cart,
        }
    }
}

/// A mistake in a map: where it stands and what would mend it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The path to the key, as in `stages[1].steps[0].on`, below `maps[i]`.
    pub path: String,
    /// Which of the maps.
    pub map: usize,
    /// What is wrong and what would be right.
    pub message: String,
}
