//! Every metric once. `docs/metrics.md` is written from here.

use super::metric::Kind::{Counter, Gauge, Histogram};
use super::metric::{Label, Metric, Unit};

/// Upper bounds for how long a commit takes, in seconds.
const COMMIT_SECONDS: &[f64] = &[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Upper bounds for how long a stay lasts: from a second to 90 days.
const DWELL_SECONDS: &[f64] = &[
    1.0,
    5.0,
    15.0,
    60.0,
    300.0,
    900.0,
    1_800.0,
    3_600.0,
    14_400.0,
    43_200.0,
    86_400.0,
    259_200.0,
    604_800.0,
    2_592_000.0,
    7_776_000.0,
];

macro_rules! catalogue {
    ($(
        $constant:ident: $kind:expr, $unit:ident, [$($label:ident),*],
        $name:literal,
        $help:literal,
        $alert:literal;
    )*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $help)]
            ///
            #[doc = concat!("Alert: ", $alert)]
            pub const $constant: Metric = Metric {
                name: $name,
                kind: $kind,
                unit: Unit::$unit,
                labels: &[$(Label::$label),*],
                help: $help,
                alert: $alert,
            };
        )*

        /// All metrics, in the order in which they are documented.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

catalogue! {
    // The process.
    BUILD_INFO: Gauge, Count, [Version],
        "wayfarer_build_info",
        "Always 1; the label says which version runs.",
        "when several versions run for longer than a rollout takes.";
    PROCESS_START_TIME: Gauge, Seconds, [],
        "process_start_time_seconds",
        "When the process started, in seconds since the Unix epoch.",
        "when it changes several times an hour: the process keeps dying.";
    MAP_INFO: Gauge, Count, [Map, Version],
        "wayfarer_map_info",
        "Always 1; the labels say which version of each map runs.",
        "when instances disagree for longer than a rollout takes.";
    ASSIGNED_PARTITIONS: Gauge, Count, [],
        "wayfarer_assigned_partitions",
        "Partitions that this process owns.",
        "when the sum over all instances stays below the partitions of the input.";
    REBALANCES: Counter, Count, [],
        "wayfarer_rebalances_total",
        "Changes of what a worker owns.",
        "when it keeps rising without a rollout: members come and go.";

    // What comes in.
    INPUT_RECORDS: Counter, Count, [],
        "wayfarer_input_records_total",
        "Records read from the input topics.",
        "when the rate is 0 while records are written to the input.";
    INPUT_BYTES: Counter, Bytes, [],
        "wayfarer_input_bytes_total",
        "Bytes read from the input topics, keys and values.",
        "no alert of its own; for capacity.";
    TOUCHPOINTS: Counter, Count, [Verdict],
        "wayfarer_touchpoints_total",
        "Touchpoints by what became of them.",
        "when late ones are over a percent for an hour: raise `disorder` or mend the source.";
    MISPLACED_RECORDS: Counter, Count, [],
        "wayfarer_misplaced_records_total",
        "Records whose key is not the customer's id, or that lie in another partition than it.",
        "when it rises at all: one customer's journey is split over partitions.";
    DERIVED_IDS: Counter, Count, [],
        "wayfarer_derived_ids_total",
        "Touchpoints without an id of their own, deduplicated by their content.",
        "when a source that used to send ids stops doing so.";
    UNKNOWN_TYPES: Counter, Count, [],
        "wayfarer_unknown_types_total",
        "Touchpoints of a type that neither the maps nor the vocabulary know.",
        "when the share jumps: a type was renamed upstream.";
    DEAD_LETTERS: Counter, Count, [Reason],
        "wayfarer_dead_letters_total",
        "Records that could not be used, by reason.",
        "when the share of all records stays above a percent.";
    DEAD_LETTERS_CUT: Counter, Count, [],
        "wayfarer_dead_letters_cut_total",
        "Dead letters written in part, because their topic does not take them whole.",
        "when it rises: raise `max.message.bytes` there, and `message.max.bytes` here.";

    // What goes out.
    EFFECTS: Counter, Count, [Map, Kind],
        "wayfarer_effects_total",
        "Effects written, by map and by what they say.",
        "when transitions stop while touchpoints are applied.";
    OUTPUT_RECORDS: Counter, Count, [Topic],
        "wayfarer_output_records_total",
        "Records written, by topic.",
        "no alert of its own; compare it with what consumers read.";
    COMMITS: Counter, Count, [],
        "wayfarer_commits_total",
        "Commits written.",
        "when the rate is 0 while records are read.";
    COMMIT_DURATION: Histogram(COMMIT_SECONDS), Seconds, [],
        "wayfarer_commit_duration_seconds",
        "How long a commit took, from the first record sent to the last acknowledged.",
        "when the 99th percentile stays above a second: the brokers are slow.";

    // How the state fares.
    BOUND_CUTS: Counter, Count, [],
        "wayfarer_bound_cuts_total",
        "How often a bound on what is kept of a customer cut something off.",
        "when it rises: results no longer are what unbounded memory would give.";
    TIMER_WAKES: Counter, Count, [],
        "wayfarer_timer_wakes_total",
        "How often a timer settled a customer.",
        "no alert of its own; for capacity.";
    IDLE_STEPS: Counter, Count, [],
        "wayfarer_idle_steps_total",
        "How often the wall clock moved the watermark of a silent partition.",
        "no alert of its own; it tells a silent input from a stuck one.";
    PARTITION_WATERMARK: Gauge, Seconds, [Partition],
        "wayfarer_partition_watermark_timestamp_seconds",
        "The watermark: what is at or before it is settled.",
        "no alert of its own; see the watermark lag.";
    PARTITION_WATERMARK_LAG: Gauge, Seconds, [Partition],
        "wayfarer_partition_watermark_lag_seconds",
        "How far the watermark is behind the wall clock; alerts come this much late.",
        "when it stays above what alerts may be late by.";
    PARTITION_LAG: Gauge, Count, [Partition],
        "wayfarer_partition_lag_records",
        "Records that the broker has and the partition has not read, where the end is known.",
        "when it rises for ten minutes.";
    PARTITION_CUSTOMERS: Gauge, Count, [Partition],
        "wayfarer_partition_customers",
        "Customers kept in memory.",
        "when memory will not hold the growth of a week.";
    PARTITION_TIMERS: Gauge, Count, [Partition],
        "wayfarer_partition_timers",
        "Timer entries kept, stale ones included.",
        "when it grows far beyond the customers.";
    PARTITION_STOPPED: Gauge, Count, [Partition],
        "wayfarer_partition_stopped",
        "1 if the partition is stopped because too many of its records cannot be used, else 0.",
        "when it is 1: nothing of this partition is read until somebody acts.";
    STAGE_DWELL: Histogram(DWELL_SECONDS), Seconds, [Map, Stage, Step],
        "wayfarer_stage_dwell_seconds",
        "How long stays in a step lasted that are over for good.",
        "when a step's median doubles against the week before.";

    // KPIs: sums over the partitions of this process. Add numerators and denominators of many
    // instances, then divide; the ratios hold for one instance only.
    KPI_SESSIONS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_sessions",
        "Sessions that ended in the window.",
        "when it falls far below the same hour of the week before.";
    KPI_ENGAGED_SESSIONS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_engaged_sessions",
        "Sessions among them that were engaged.",
        "no alert of its own; numerator of the engagement ratio.";
    KPI_ENGAGEMENT: Gauge, Ratio, [Map, Window],
        "wayfarer_kpi_engagement_ratio",
        "Engaged sessions of all sessions.",
        "when it leaves its usual range.";
    KPI_BOUNCED_SESSIONS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_bounced_sessions",
        "Sessions among them that bounced.",
        "no alert of its own; numerator of the bounce ratio.";
    KPI_BOUNCE: Gauge, Ratio, [Map, Window],
        "wayfarer_kpi_bounce_ratio",
        "Bounced sessions of all sessions.",
        "when it jumps: a landing page may be broken.";
    KPI_CONVERTED_SESSIONS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_converted_sessions",
        "Sessions among them with a conversion.",
        "no alert of its own; numerator of the session conversion ratio.";
    KPI_SESSION_CONVERSION: Gauge, Ratio, [Map, Window],
        "wayfarer_kpi_session_conversion_ratio",
        "Sessions with a conversion of all sessions.",
        "when it falls below the goal.";
    KPI_ACTIVE_CUSTOMERS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_active_customers",
        "Distinct customers whose latest touch lies in the window.",
        "no alert of its own; denominator of the customer conversion ratio.";
    KPI_CONVERTED_CUSTOMERS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_converted_customers",
        "Distinct customers whose latest conversion lies in the window.",
        "no alert of its own; numerator of the customer conversion ratio.";
    KPI_CUSTOMER_CONVERSION: Gauge, Ratio, [Map, Window],
        "wayfarer_kpi_customer_conversion_ratio",
        "Converted customers of active customers.",
        "when it falls below the goal.";
    KPI_REPEAT_CUSTOMERS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_repeat_customers",
        "Converted customers whose latest conversion was not their first.",
        "no alert of its own; numerator of the repeat ratio.";
    KPI_REPEAT: Gauge, Ratio, [Map, Window],
        "wayfarer_kpi_repeat_ratio",
        "Repeat customers of converted customers.",
        "when it falls over weeks.";
    KPI_CONVERSIONS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_conversions",
        "Conversions in the window.",
        "when it is 0 while there are sessions: nobody can buy.";
    KPI_ACQUISITIONS: Gauge, Count, [Map, Window],
        "wayfarer_kpi_acquisitions",
        "Conversions among them of customers who had none before.",
        "when it falls far below the same hour of the week before.";
    KPI_REVENUE: Gauge, Money, [Map, Currency, Window],
        "wayfarer_kpi_revenue",
        "What conversions brought less what went back, in whole units of the currency.",
        "when it falls far below the same hour of the week before.";
    KPI_STAGE_CUSTOMERS: Gauge, Count, [Map, Stage, Step],
        "wayfarer_kpi_stage_customers",
        "Customers who stand in the step now.",
        "no alert of its own; where customers wait.";
    KPI_STAGE_ENTRIES: Gauge, Count, [Map, Stage, Step, Window],
        "wayfarer_kpi_stage_entries",
        "Moves into the step. The next step's by this one's is the conversion between them.",
        "when a step's entries stop while those of the step before go on.";
    KPI_STAGE_EXITS: Gauge, Count, [Map, Stage, Step, Window],
        "wayfarer_kpi_stage_exits",
        "Moves out of the step.",
        "no alert of its own.";
    KPI_STAGE_STAYS: Gauge, Count, [Map, Stage, Step, Window],
        "wayfarer_kpi_stage_stays",
        "Stays in the step that are over for good.",
        "no alert of its own; denominator of the mean dwell.";
    KPI_STAGE_DWELL: Gauge, Seconds, [Map, Stage, Step, Window],
        "wayfarer_kpi_stage_dwell_seconds",
        "How long those stays lasted together.",
        "no alert of its own; numerator of the mean dwell.";
    KPI_STAGE_DWELL_MEAN: Gauge, Seconds, [Map, Stage, Step, Window],
        "wayfarer_kpi_stage_dwell_mean_seconds",
        "How long such a stay lasted on average.",
        "when a step takes twice as long as the week before.";
    KPI_OPEN_EPISODES: Gauge, Count, [Map, Rule],
        "wayfarer_kpi_open_episodes",
        "Episodes that are open now, such as carts.",
        "no alert of its own; what may still be abandoned.";
    KPI_OPENED_EPISODES: Gauge, Count, [Map, Rule, Window],
        "wayfarer_kpi_opened_episodes",
        "Episodes begun in the window.",
        "when it is 0 while there are sessions.";
    KPI_ABANDONED_EPISODES: Gauge, Count, [Map, Rule, Window],
        "wayfarer_kpi_abandoned_episodes",
        "Episodes abandoned, less those whose alert was taken back.",
        "no alert of its own; numerator of the abandonment ratio.";
    KPI_DECIDED_EPISODES: Gauge, Count, [Map, Rule, Window],
        "wayfarer_kpi_decided_episodes",
        "Episodes abandoned or completed in time; open ones stand apart.",
        "no alert of its own; denominator of the abandonment ratio.";
    KPI_ABANDONMENT: Gauge, Ratio, [Map, Rule, Window],
        "wayfarer_kpi_abandonment_ratio",
        "Abandoned episodes of decided episodes.",
        "when it rises above the goal.";
    KPI_RECOVERED_EPISODES: Gauge, Count, [Map, Rule, Window],
        "wayfarer_kpi_recovered_episodes",
        "Episodes completed after they were abandoned.",
        "no alert of its own; numerator of the recovery ratio.";
    KPI_RECOVERY: Gauge, Ratio, [Map, Rule, Window],
        "wayfarer_kpi_recovery_ratio",
        "Recovered episodes of abandoned episodes.",
        "when it falls: reminders no longer bring customers back.";
}
