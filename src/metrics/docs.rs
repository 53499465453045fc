//! The catalogue as a page of documentation.

use std::fmt::Write as _;

use super::catalogue::ALL;
use super::metric::{Kind, Label, Metric};

const HEAD: &str = "\
# Metrics

Written from the catalogue in `src/metrics/catalogue.rs`; `UPDATE_GOLDEN=1 cargo test metrics`
writes it anew.

Wayfarer serves these at `/metrics` in the text format of Prometheus. Counters begin at 0 when the
process starts. Gauges are a picture of the moment of the scrape: those of a partition that went to
another process are gone with it. KPI gauges are sums over the partitions of one process: add
numerators and denominators of all instances first and divide then; the ratios that are exported
hold for one instance. A ratio whose denominator is 0 is left out.

";

/// The catalogue as Markdown: every metric with its type, unit, labels, help and alert, and where
/// the values of each label come from.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    page.push_str("| metric | type | unit | labels | what it says | when to alert |\n");
    page.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for metric in ALL {
        row(&mut page, metric);
    }
    page.push_str("\n## Labels\n\n| label | values |\n| --- | --- |\n");
    for label in Label::ALL {
        // The codes of currencies would fill a page of their own.
        let values = label.fixed().filter(|_| label != Label::Currency);
        let values =
            values.map_or_else(String::new, |values| format!(": `{}`", values.join("`, `")));
        cells(
            &mut page,
            &[&code(label.name()), &format!("{}{values}", label.source())],
        );
    }
    page.push_str("\n## Buckets\n\n| histogram | upper bounds |\n| --- | --- |\n");
    for metric in ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            let bounds: Vec<_> = bounds.iter().map(ToString::to_string).collect();
            cells(&mut page, &[&code(metric.name), &bounds.join(", ")]);
        }
    }
    page
}

fn row(page: &mut String, metric: &Metric) {
    let labels: Vec<_> = metric
        .labels
        .iter()
        .map(|label| code(label.name()))
        .collect();
    cells(
        page,
        &[
            &code(metric.name),
            &metric.kind.to_string(),
            &metric.unit.to_string(),
            &labels.join(", "),
            metric.help,
            metric.alert,
        ],
    );
}

fn cells(page: &mut String, cells: &[&str]) {
    writeln!(page, "| {} |", cells.join(" | ")).expect("writing to a string succeeds");
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
