//! The live table, and the line that stands for it where there is no terminal.

use super::board::{ALERTS, Alert, Board, What};
use super::look::{Ink, Look, bar, clip, clock, money, number, percent, pieces, time_of_day};
use super::tally::{MapTally, RuleTally, StepTally, Tally};
use crate::domain::EventTime;

/// The moment that is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Since the demo began.
    pub elapsed: std::time::Duration,
    /// Wall-clock time.
    pub wall: EventTime,
}

/// The table of this moment, line by line. `notes` stand under the head. Only the first map is
/// shown; the summary has all.
pub fn table(board: &Board, notes: &[String], now: Now, look: Look) -> Vec<String> {
    let tally = board.tally();
    let mut lines = vec![look.ink(Ink::Bold, &head(&tally, now, look))];
    lines.push(look.clip(&format!("  {}", pulse(board, &tally, now))));
    for note in notes {
        lines.push(look.ink(Ink::Dim, &look.clip(&format!("  {note}"))));
    }
    if let Some(map) = tally.maps.first() {
        lines.push(String::new());
        stages(&mut lines, map, look);
        lines.push(String::new());
        episodes(&mut lines, map, look);
        lines.push(String::new());
        lines.push(look.clip(&format!("  {}", money_line(map))));
    }
    lines.push(String::new());
    alerts(&mut lines, board, look);
    lines.push(String::new());
    lines.push(troubles(board, &tally, look));
    lines
}

/// One line of what the table shows.
pub fn line(board: &Board, now: Now) -> String {
    let tally = board.tally();
    let mut parts = vec![format!(
        "{}  {}",
        clock(now.elapsed.as_secs()),
        pulse(board, &tally, now)
    )];
    if let Some(map) = tally.maps.first() {
        let steps = map.steps.iter().map(|step| {
            let name = step.step.as_deref().unwrap_or(&step.stage);
            format!("{name} {}", number(step.entries))
        });
        parts.push(format!("entered {}", join(steps)));
        parts.extend(map.rules.iter().map(|rule| {
            format!(
                "{} {} open, {} completed, {} abandoned, {} recovered",
                rule.id,
                number(rule.open),
                number(rule.completed),
                number(rule.abandoned),
                number(rule.recovered)
            )
        }));
    }
    parts.push(pieces(tally.all_dead_letters(), "dead letter"));
    parts.join(" | ")
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn head(tally: &Tally, now: Now, look: Look) -> String {
    let left = format!("Wayfarer demo  {}", clock(now.elapsed.as_secs()));
    let right = tally.maps.first().map_or_else(String::new, |map| {
        format!("map {}, version {}", map.id, map.version)
    });
    let room = look.width.saturating_sub(left.chars().count());
    look.clip(&format!("{left}{right:>room$}"))
}

/// How much comes in, and how far behind the pipeline is.
fn pulse(board: &Board, tally: &Tally, now: Now) -> String {
    let parts = board.partitions.values();
    let lag = parts.clone().filter_map(|part| part.lag).sum::<u64>();
    let watermark = parts.filter_map(|part| part.watermark).min();
    let watermark = watermark.map_or_else(
        || "no watermark yet".to_owned(),
        |watermark| {
            let tenths = now.wall.since(watermark).get() / 100;
            format!("watermark {}.{} s behind", tenths / 10, tenths.abs() % 10)
        },
    );
    format!(
        "{}, {} a second, lag {}, {watermark}",
        pieces(tally.touchpoints(), "touchpoint"),
        number(board.rate()),
        number(lag)
    )
}

fn stages(lines: &mut Vec<String>, map: &MapTally, look: Look) {
    let title = format!(
        "  {:<22}{:>9}{:>10}{:>10}",
        "stage", "now", "entered", "of prior"
    );
    lines.push(look.ink(Ink::Dim, &title));
    let mut before: Option<&StepTally> = None;
    let mut stage = None;
    for step in &map.steps {
        if step.step.is_some() && stage != Some(&step.stage) {
            lines.push(format!("  {}", clip(&step.stage, 22)));
        }
        stage = Some(&step.stage);
        lines.push(stage_line(step, before, look));
        before = Some(step);
    }
}

fn stage_line(step: &StepTally, before: Option<&StepTally>, look: Look) -> String {
    let name = match &step.step {
        None => step.stage.to_string(),
        Some(step) => format!("  {step}"),
    };
    let (share, bar) = before.map_or_else(Default::default, |before| {
        let room = look.width.saturating_sub(57).min(40);
        (
            percent(step.entries, before.entries),
            bar(step.entries, before.entries, room),
        )
    });
    let line = format!(
        "  {:<22}{:>9}{:>10}{share:>10}  ",
        clip(&name, 22),
        number(step.population),
        number(step.entries),
    );
    format!("{line}{}", look.ink(Ink::Cyan, &bar))
        .trim_end()
        .to_owned()
}

fn episodes(lines: &mut Vec<String>, map: &MapTally, look: Look) {
    let title = format!(
        "  {:<20}{:>8}{:>11}{:>11}{:>7}{:>11}{:>7}",
        "episodes", "open", "completed", "abandoned", "", "recovered", ""
    );
    lines.push(look.ink(Ink::Dim, title.trim_end()));
    lines.extend(map.rules.iter().map(|rule| episode_line(rule, look)));
}

fn episode_line(rule: &RuleTally, look: Look) -> String {
    let abandoned = format!(
        "{:>11}{:>7}",
        number(rule.abandoned),
        percent(rule.abandoned, rule.abandoned + rule.completed)
    );
    let recovered = format!(
        "{:>11}{:>7}",
        number(rule.recovered),
        percent(rule.recovered, rule.abandoned)
    );
    format!(
        "  {:<20}{:>8}{:>11}{}{}",
        clip(&rule.id, 20),
        number(rule.open),
        number(rule.completed),
        look.ink(Ink::Yellow, &abandoned),
        look.ink(Ink::Green, &recovered)
    )
}

/// What a map brought.
pub(super) fn money_line(map: &MapTally) -> String {
    let mut parts = vec![
        pieces(map.conversions, "conversion"),
        pieces(map.sessions, "session"),
        format!("{} bounced", number(map.bounced)),
    ];
    let revenue = map.revenue.iter();
    parts.extend(revenue.map(|(currency, sum)| format!("{} revenue", money(*sum, *currency))));
    parts.join(", ")
}

/// The latest alerts, with room for those to come.
fn alerts(lines: &mut Vec<String>, board: &Board, look: Look) {
    lines.push(look.ink(Ink::Dim, "  latest alerts"));
    let shown = board
        .alerts
        .iter()
        .map(|alert| alert_line(alert, board, look));
    lines.extend(shown);
    lines.extend((board.alerts.len()..ALERTS).map(|_| String::new()));
}

fn alert_line(alert: &Alert, board: &Board, look: Look) -> String {
    let rule = board
        .maps
        .maps
        .get(usize::from(alert.map))
        .and_then(|map| map.abandonments.get(usize::from(alert.rule)))
        .map_or("", |rule| &*rule.id);
    let value = alert
        .value
        .map_or_else(String::new, |(value, currency)| money(value, currency));
    let (ink, what) = match alert.what {
        What::Abandoned(0) => (Ink::Yellow, "abandoned".to_owned()),
        What::Abandoned(level) => (
            Ink::Yellow,
            format!("abandoned, alert {}", u16::from(level) + 1),
        ),
        What::TakenBack => (Ink::Cyan, "taken back".to_owned()),
        What::Recovered(took) => {
            let secs = u64::try_from(took.get() / 1_000).unwrap_or(0);
            (Ink::Green, format!("recovered in {}", clock(secs)))
        }
    };
    format!(
        "  {}  {:<16}  {:<10}{value:>16}  {}",
        time_of_day(alert.at),
        clip(alert.customer.as_str(), 16),
        clip(rule, 10),
        look.ink(ink, &what)
    )
}

/// What could not be used or came out of order, and partitions that are stopped.
fn troubles(board: &Board, tally: &Tally, look: Look) -> String {
    let mut text = format!(
        "  {}, {} late, {}",
        dead_letters(tally),
        number(tally.late),
        pieces(tally.duplicates, "duplicate")
    );
    for (partition, part) in &board.partitions {
        if let Some(why) = &part.stopped {
            text.push_str(&format!("; partition {partition} is stopped: {why}"));
        }
    }
    let stopped = board.partitions.values().any(|part| part.stopped.is_some());
    let ink = if stopped { Ink::Red } else { Ink::Dim };
    look.ink(ink, &look.clip(&text))
}

/// How many dead letters there are, and of what kinds.
pub(super) fn dead_letters(tally: &Tally) -> String {
    let all = pieces(tally.all_dead_letters(), "dead letter");
    let reasons = tally.dead_letters.iter();
    let reasons = join(reasons.map(|(reason, count)| format!("{} {reason}", number(*count))));
    if reasons.is_empty() {
        all
    } else {
        format!("{all} ({reasons})")
    }
}
