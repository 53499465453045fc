//! What is left to say at the end.

use super::look::{Ink, Look, clip, number, percent, pieces};
use super::table::{dead_letters, money_line};
use super::tally::{MapTally, Tally};
use crate::metrics::EffectLabel;

/// The summary of a run that took this long.
pub fn summary(tally: &Tally, elapsed: std::time::Duration, look: Look) -> String {
    let tenths = elapsed.as_millis() / 100;
    let head = format!("Wayfarer ran for {}.{} s.", tenths / 10, tenths % 10);
    let mut lines = vec![look.ink(Ink::Bold, &head), String::new()];
    lines.push(format!(
        "  {} and {} read; {}",
        pieces(tally.records, "record"),
        pieces(tally.bytes, "byte"),
        dead_letters(tally)
    ));
    lines.push(format!(
        "  {} applied, {} late, {}, {} dropped late",
        pieces(tally.applied, "touchpoint"),
        number(tally.late),
        pieces(tally.duplicates, "duplicate"),
        number(tally.dropped_late)
    ));
    lines.push(format!(
        "  {} misplaced, {} cut off by bounds, {}",
        number(tally.misplaced),
        number(tally.cut),
        pieces(tally.idle_steps, "idle step")
    ));
    for map in &tally.maps {
        lines.push(String::new());
        of_map(&mut lines, map, look);
    }
    lines.join("\n") + "\n"
}

fn of_map(lines: &mut Vec<String>, map: &MapTally, look: Look) {
    let head = format!("Map {}, version {}", map.id, map.version);
    lines.push(look.ink(Ink::Bold, &head));
    lines.push(String::new());
    let title = format!("  {:<34}{:>12}{:>12}", "stage", "entered", "now");
    lines.push(look.ink(Ink::Dim, &title));
    for step in &map.steps {
        let name = match &step.step {
            None => step.stage.to_string(),
            Some(name) => format!("{} / {name}", step.stage),
        };
        let (entered, now) = (number(step.entries), number(step.population));
        lines.push(format!("  {:<34}{entered:>12}{now:>12}", clip(&name, 34)));
    }
    lines.push(String::new());
    for rule in &map.rules {
        lines.push(format!(
            "  {}: {} begun, {} open, {} completed, {} abandoned ({}), {} recovered ({})",
            rule.id,
            number(rule.opened),
            number(rule.open),
            number(rule.completed),
            number(rule.abandoned),
            percent(rule.abandoned, rule.abandoned + rule.completed),
            number(rule.recovered),
            percent(rule.recovered, rule.abandoned)
        ));
    }
    let count = |label| map.effects.get(&label).copied().unwrap_or(0);
    lines.push(format!(
        "  alerts: {} abandoned, {} taken back, {} recovered",
        number(count(EffectLabel::Abandoned)),
        number(count(EffectLabel::Retracted)),
        number(count(EffectLabel::Recovered))
    ));
    lines.push(format!(
        "  transitions: {} written, {} taken back",
        number(count(EffectLabel::Transition)),
        number(count(EffectLabel::TransitionRetracted))
    ));
    lines.push(format!("  {}", money_line(map)));
}
