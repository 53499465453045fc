//! Sending what is planned.

use std::fmt;
use std::io;
use std::time::Duration;

use super::plan::Plan;
use crate::cli::sink::Sink;
use crate::domain::EventTime;
use crate::runtime::Clock;
use crate::traffic::{Load, Traffic};

/// What was made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::cli) struct Tally {
    /// Touchpoints on time.
    pub(super) on_time: u64,
    /// Touchpoints that were late.
    pub(super) late: u64,
    /// Touchpoints that came again.
    pub(super) again: u64,
    /// Records that cannot be read.
    pub(super) planted: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            on_time,
            late,
            again,
            planted,
        } = self;
        let all = on_time + late + again + planted;
        write!(
            f,
            "{all} records: {on_time} on time, {late} late, {again} twice, {planted} unreadable"
        )
    }
}

/// Sends what is planned to `sink`; if the plan says so, no record before its time by `clock`, with
/// `sleep` to pass the time.
///
/// # Errors
///
/// What the sink reports.
pub(in crate::cli) fn drive(
    plan: &Plan,
    clock: &dyn Clock,
    sleep: &mut dyn FnMut(Duration),
    sink: &mut dyn Sink,
) -> io::Result<Tally> {
    let count = plan.count.and_then(|count| usize::try_from(count).ok());
    let arrivals = Traffic::new(&plan.config)
        .take(count.unwrap_or(usize::MAX))
        .take_while(|arrival| plan.until.is_none_or(|until| arrival.arrives <= until));
    let mut tally = Tally::default();
    for arrival in arrivals {
        if plan.real_time && arrival.arrives > clock.wall() {
            sink.rest()?;
            wait(arrival.arrives, clock, sleep);
        }
        sink.send(&arrival)?;
        *match arrival.load {
            Load::OnTime(_) => &mut tally.on_time,
            Load::Late(_) => &mut tally.late,
            Load::Again(_) => &mut tally.again,
            Load::Planted(_) => &mut tally.planted,
        } += 1;
    }
    sink.finish()?;
    Ok(tally)
}

/// Waits until it is `at`, in short sleeps because the clock may be set meanwhile.
fn wait(at: EventTime, clock: &dyn Clock, sleep: &mut dyn FnMut(Duration)) {
    loop {
        let left = at.since(clock.wall()).get();
        let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else {
            return;
        };
        sleep(Duration::from_millis(left.min(500)));
    }
}
