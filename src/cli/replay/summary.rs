//! What a replay comes to, for people and as lines of KPIs.

use std::fmt;
use std::io::{self, Write};

use super::Counts;
use super::read::Refused;
use crate::domain::{Effect, EffectKind, EventTime, Kpi, KpiKey, Maps, Panes, Sign};
use crate::runtime::kpi_message;
use crate::state::{Counters, Partition};
use crate::wire::output::Message;

/// Counts an effect by its kind.
pub(super) fn count(counts: &mut Counts, effect: &Effect) {
    let counter = match (&effect.kind, effect.sign) {
        (EffectKind::Transition { .. }, Sign::Assert) => &mut counts.transitions,
        (EffectKind::Transition { .. }, Sign::Retract) => &mut counts.retractions,
        (EffectKind::Abandoned(_), _) => &mut counts.abandoned,
        (EffectKind::Retracted(_), _) => &mut counts.retracted,
        (EffectKind::Recovered(_), _) => &mut counts.recovered,
        _ => return,
    };
    *counter += 1;
}

/// Prints every figure as it stands at the end, a line each.
pub(super) fn print_kpis(
    partition: &Partition,
    now: EventTime,
    out: &mut dyn Write,
) -> io::Result<()> {
    let maps = partition.maps();
    for figure in crate::domain::figures(maps, partition.panes(), now) {
        let message = Message::Kpi(kpi_message(&figure, maps, 0, now));
        serde_json::to_writer(&mut *out, &message)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The whole of a replay, for people.
#[derive(Debug)]
pub(super) struct Summary<'a> {
    maps: &'a Maps,
    panes: &'a Panes,
    counters: Counters,
    customers: usize,
    /// By map: sessions that are going on.
    open_sessions: Vec<i64>,
    counts: &'a Counts,
    refused: &'a Refused,
}

impl<'a> Summary<'a> {
    /// The summary of a partition that has read everything.
    pub(super) fn of(partition: &'a Partition, counts: &'a Counts, refused: &'a Refused) -> Self {
        let mut open_sessions = vec![0; partition.maps().maps.len()];
        partition.each_customer(|_, customer| {
            for (open, journey) in open_sessions.iter_mut().zip(&customer.settled.journeys) {
                *open += i64::from(journey.session.is_some());
            }
        });
        Self {
            maps: partition.maps(),
            panes: partition.panes(),
            counters: partition.counters(),
            customers: partition.store().len(),
            open_sessions,
            counts,
            refused,
        }
    }

    fn total(&self, kpi: Kpi, map: u16, label: u32) -> i64 {
        self.panes.total(&KpiKey { kpi, map, label })
    }

    fn map(&self, number: u16, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let map = &self.maps.maps[usize::from(number)];
        let whole = |kpi| self.total(kpi, number, 0);
        let (ended, open) = (
            whole(Kpi::Sessions),
            self.open_sessions[usize::from(number)],
        );
        writeln!(f, "\nmap {} (version {})", map.id, map.version)?;
        writeln!(
            f,
            "  sessions {} ({open} going on), engaged {}, bounced {}, converting {} ({})",
            ended + open,
            whole(Kpi::EngagedSessions),
            whole(Kpi::BouncedSessions),
            whole(Kpi::ConvertedSessions),
            Percent(whole(Kpi::ConvertedSessions), ended + open),
        )?;
        writeln!(
            f,
            "  conversions {} by {} customers ({} of {}), {} of them more than once",
            whole(Kpi::Conversions),
            whole(Kpi::ConvertedCustomers),
            Percent(whole(Kpi::ConvertedCustomers), whole(Kpi::ActiveCustomers)),
            whole(Kpi::ActiveCustomers),
            whole(Kpi::RepeatCustomers),
        )?;
        for (key, amount) in self.panes.totals() {
            if key.kpi == Kpi::Revenue && key.map == number {
                let currency = KpiKey::currency_of(key.label);
                let code = currency
                    .as_ref()
                    .map_or("(no currency)", |currency| currency.as_str());
                writeln!(f, "  revenue {amount} {code}, in minor units")?;
            }
        }
        for (step, definition) in (0_u32..).zip(&map.steps) {
            let stage = &map.stages[usize::from(definition.stage)];
            let name = match &definition.id {
                Some(id) => format!("{stage}.{id}"),
                None => stage.to_string(),
            };
            let (entries, stand) = (
                self.total(Kpi::Entries, number, step),
                self.total(Kpi::Population, number, step),
            );
            writeln!(
                f,
                "  stage {name:<24} entered {entries:>8}, there now {stand:>8}"
            )?;
        }
        for (rule, definition) in (0_u32..).zip(&map.abandonments) {
            let sum = |kpi| self.total(kpi, number, rule);
            let (abandoned, completed) = (sum(Kpi::Abandoned), sum(Kpi::Completed));
            let decided = abandoned + completed;
            writeln!(
                f,
                "  rule {}: {abandoned} of {decided} abandoned ({}), {} recovered, {} open",
                definition.id,
                Percent(abandoned, decided),
                sum(Kpi::Recovered),
                sum(Kpi::OpenEpisodes),
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counters {
            applied,
            late,
            duplicates,
            cut,
            ..
        } = self.counters;
        writeln!(
            f,
            "touchpoints {} ({late} late), duplicates {duplicates}, customers {}",
            applied + late,
            self.customers,
        )?;
        if cut > 0 {
            writeln!(f, "cut off by bounds {cut}")?;
        }
        let counts = self.counts;
        writeln!(
            f,
            "transitions {} (and {} taken back), alerts {} abandoned, {} retracted, {} recovered",
            counts.transitions,
            counts.retractions,
            counts.abandoned,
            counts.retracted,
            counts.recovered,
        )?;
        for (reason, count) in &self.refused.reasons {
            writeln!(f, "records refused {count}: {reason}")?;
        }
        for example in &self.refused.examples {
            writeln!(f, "  {example}")?;
        }
        (0..)
            .take(self.maps.maps.len())
            .try_for_each(|number| self.map(number, f))
    }
}

/// A share in per cent with two digits, rounded; a dash of nothing.
struct Percent(i64, i64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(_, 0) => f.write_str("-"),
            Self(part, whole) => {
                let hundredths = (part * 10_000 * 2 + whole) / (whole * 2);
                write!(f, "{}.{:02} %", hundredths / 100, hundredths % 100)
            }
        }
    }
}
