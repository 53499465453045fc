//! Reads a journey map: YAML to [`MapSpec`], by name. Whether the names fit together is judged by
//! [`Maps::compile`](crate::domain::Maps::compile).

use super::place::Place;
use super::reader::Table;
use super::setting::words;
use super::slot::Slot;
use crate::domain::{
    AbandonmentSpec, Bounce, InstanceKey, MapSpec, Millis, Moves, ReturnSpec, SessionSpec,
    StageSpec, StepSpec,
};

words!(Moves { "forward" => Forward, "any" => Any, "strict" => Strict });
words!(Bounce { "not_engaged" => NotEngaged, "single_view" => SingleView });
words!(InstanceKey {
    "cart" => Cart,
    "order" => Order,
    "request" => Request,
    "customer" => Customer,
});

/// How the credit for a conversion is shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Model {
    First,
    Last,
    LastNonDirect,
    Linear,
    Position,
    TimeDecay,
}
words!(Model {
    "first" => First,
    "last" => Last,
    "last_non_direct" => LastNonDirect,
    "linear" => Linear,
    "position" => Position,
    "time_decay" => TimeDecay,
});

/// A map as read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Written {
    /// The map.
    pub(super) spec: MapSpec,
    /// Every touchpoint type that it names, and where.
    pub(super) mentions: Vec<Mention>,
}

/// A touchpoint type in a map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mention {
    /// Its name.
    pub(super) kind: String,
    /// Where it stands.
    pub(super) place: Place,
}

/// Reads a map.
pub(super) fn read(table: &mut Table<'_, '_>) -> Written {
    let mut mentions = Vec::new();
    let usual = MapSpec::new("");
    let spec = MapSpec {
        id: table.at("map").required(String::new),
        version: table.at("version").or(usual.version),
        description: table.at("description").optional().unwrap_or_default(),
        stages: table
            .at("stages")
            .each(|slot| slot.table(|stage| self::stage(stage, &mut mentions))),
        moves: table.at("moves").or(usual.moves),
        comeback: table.at("return").table_if_given(comeback),
        session: table
            .at("session")
            .table(|session| self::session(session, &mut mentions)),
        abandonments: if table.has("abandonments") {
            table
                .at("abandonments")
                .each(|slot| slot.table(|rule| abandonment(rule, &mut mentions)))
        } else {
            Vec::new()
        },
        lookback: table
            .at("attribution")
            .table(|attribution| self::attribution(attribution, usual.lookback)),
    };
    table.not_yet(&["frictions", "segments", "funnels", "kpis", "goals", "when"]);
    Written { spec, mentions }
}

/// One touchpoint type or several; each may be a table with `on`.
fn kinds(mut slot: Slot<'_, '_>, mentions: &mut Vec<Mention>) -> Vec<String> {
    let mut kinds = Vec::new();
    slot.one_or_each(|item| {
        let place = item.place().clone();
        let named = if item.is_table() {
            item.again().table(|on| {
                on.not_yet(&["when"]);
                on.at("on").many(Vec::new())
            })
        } else {
            item.again().optional().into_iter().collect()
        };
        mentions.extend(named.iter().map(|kind: &String| Mention {
            kind: kind.clone(),
            place: place.clone(),
        }));
        kinds.extend(named);
    });
    kinds
}

/// Like [`kinds`], of a key that must be there.
fn some_kinds(
    table: &mut Table<'_, '_>,
    key: &'static str,
    mentions: &mut Vec<Mention>,
) -> Vec<String> {
    table.at(key).demand();
    kinds(table.at(key), mentions)
}

fn stage(table: &mut Table<'_, '_>, mentions: &mut Vec<Mention>) -> StageSpec {
    let id = table.at("id").required(String::new);
    let steps = if table.has("steps") {
        if table.has("on") {
            let mend = "move these types to a step, or drop `steps`";
            table
                .at("on")
                .wrong("a stage has either `on` or `steps`", mend);
        }
        table.at("steps").each(|slot| {
            slot.table(|step| StepSpec {
                id: Some(step.at("id").required(String::new)),
                on: {
                    step.not_yet(&["when"]);
                    some_kinds(step, "on", mentions)
                },
            })
        })
    } else {
        let on = some_kinds(table, "on", mentions);
        vec![StepSpec { id: None, on }]
    };
    let conversion = table.at("conversion").table_if_given(|conversion| {
        conversion.not_yet(&["when"]);
        some_kinds(conversion, "on", mentions)
    });
    table.at("steps");
    table.not_yet(&["when"]);
    StageSpec {
        id,
        steps,
        conversion: conversion.unwrap_or_default(),
    }
}

fn comeback(table: &mut Table<'_, '_>) -> ReturnSpec {
    ReturnSpec {
        to: table.at("to").required(String::new),
        after: table.at("after").required(|| Millis::from_days(90)),
    }
}

fn session(table: &mut Table<'_, '_>, mentions: &mut Vec<Mention>) -> SessionSpec {
    let usual = SessionSpec::default();
    let mut session = SessionSpec {
        gap: table.at("gap").or(usual.gap),
        max: table.at("max").or(usual.max),
        bounce: table.at("bounce").or(usual.bounce),
        ..usual
    };
    table.at("engaged").table(|engaged| {
        session.longer_than = engaged.at("longer_than").or(session.longer_than);
        session.views = engaged.at("views").or(session.views);
        if engaged.has("view_types") {
            session.view_types = kinds(engaged.at("view_types"), mentions);
        } else {
            engaged.at("view_types").many(session.view_types.clone());
        }
    });
    session
}

fn abandonment(table: &mut Table<'_, '_>, mentions: &mut Vec<Mention>) -> AbandonmentSpec {
    let usual = AbandonmentSpec::new("", "", "", Millis::from_minutes(30));
    let rule = AbandonmentSpec {
        id: table.at("id").required(String::new),
        opens: some_kinds(table, "opens", mentions),
        extends: kinds(table.at("extends"), mentions),
        completes: some_kinds(table, "completes", mentions),
        cancels: kinds(table.at("cancels"), mentions),
        removes: kinds(table.at("removes"), mentions),
        after: table.at("after").required(|| usual.after),
        again: table.at("again").many(Vec::new()),
        recovers_within: table.at("recovers_within").or(usual.recovers_within),
        instance: table.at("by").or(usual.instance),
    };
    table.not_yet(&["when", "alert"]);
    rule
}

/// Gives the look-back. The model is checked, and said to be without effect.
fn attribution(table: &mut Table<'_, '_>, usual: Millis) -> Millis {
    const MEND: &str = "conversions carry the touches; share the credit downstream";
    let lookback = table.at("lookback").or(usual);
    if let Some(mut slot) = table.given("model") {
        slot.warn("has no effect in this version", MEND);
        slot.optional::<Model>();
    }
    if let Some(mut slot) = table.given("half_life") {
        slot.warn("has no effect in this version", MEND);
        slot.optional::<Millis>();
    }
    lookback
}
