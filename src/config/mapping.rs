//! Mappings: which field of a touchpoint is where in a foreign record.

use std::collections::BTreeMap;

use super::reader::Table;
use super::setting::{Setting, Word, Wrong, shorten, words};
use super::slot::Slot;

/// Which field of a touchpoint is where in a row of CSV or a JSON object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapping {
    /// Where each field but the time is found. [`Field::Type`] is always there, and
    /// [`Field::Customer`] or [`Field::Anonymous`].
    pub fields: BTreeMap<Field, From>,
    /// Where the time is found.
    pub at: From,
    /// How the time is written.
    pub time: TimeFormat,
    /// How money is written.
    pub money: Money,
    /// Touchpoint types by the names that the source gives them; other names stay as they are.
    pub types: BTreeMap<String, String>,
    /// Channels by the names that the source gives them; other names stay as they are.
    pub channels: BTreeMap<String, String>,
    /// Where each further attribute is found.
    pub props: BTreeMap<String, From>,
}

/// Where the value of a field comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum From {
    /// In JSON, the keys that lead to it; in CSV, the column whose name they are, joined by dots.
    Path(Vec<String>),
    /// It is the same in every record.
    Constant(String),
}

/// The fields of a touchpoint that a mapping can fill, the time apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Field {
    /// The touchpoint's id.
    Id,
    /// The customer's id.
    Customer,
    /// The anonymous id.
    Anonymous,
    /// What happened.
    Type,
    /// Where.
    Channel,
    /// Campaign, as in UTM.
    Campaign,
    /// Source, as in UTM.
    Source,
    /// Medium, as in UTM.
    Medium,
    /// Which cart.
    Cart,
    /// Which order.
    Order,
    /// Which booking, lead or ticket.
    Request,
    /// Money.
    Value,
    /// The currency of all money.
    Currency,
    /// What the touch cost.
    Cost,
    /// How long the step took, in milliseconds.
    Duration,
    /// The device.
    Device,
    /// The customer's zone.
    Timezone,
    /// The customer's locale.
    Locale,
}

impl Field {
    /// Every field with the key that a mapping calls it by.
    pub const ALL: [(&'static str, Self); 18] = [
        ("id", Self::Id),
        ("customer", Self::Customer),
        ("anonymous", Self::Anonymous),
        ("type", Self::Type),
        ("channel", Self::Channel),
        ("campaign", Self::Campaign),
        ("source", Self::Source),
        ("medium", Self::Medium),
        ("cart", Self::Cart),
        ("order", Self::Order),
        ("request", Self::Request),
        ("value", Self::Value),
        ("currency", Self::Currency),
        ("cost", Self::Cost),
        ("duration_ms", Self::Duration),
        ("device", Self::Device),
        ("timezone", Self::Timezone),
        ("locale", Self::Locale),
    ];
}

/// How a time is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TimeFormat {
    /// RFC 3339, as in `2026-11-22T10:00:00Z`.
    Rfc3339,
    /// Seconds since the Unix epoch; a fraction is allowed.
    EpochSeconds,
    /// Milliseconds since the Unix epoch.
    EpochMillis,
    /// Microseconds since the Unix epoch.
    EpochMicros,
    /// Date and time as this pattern says: `%Y-%m-%d %H:%M:%S`, with a space or a `T` between, and
    /// perhaps a fraction and an offset; UTC if there is no offset.
    Pattern(String),
}

impl Setting for TimeFormat {
    fn parse(text: &str) -> Result<Self, Wrong> {
        const WORDS: [&str; 4] = ["rfc3339", "epoch_s", "epoch_ms", "epoch_us"];
        match text {
            "rfc3339" => return Ok(Self::Rfc3339),
            "epoch_s" => return Ok(Self::EpochSeconds),
            "epoch_ms" => return Ok(Self::EpochMillis),
            "epoch_us" => return Ok(Self::EpochMicros),
            _ if !text.contains('%') => {
                let mut wrong = super::setting::no_word(text, &WORDS);
                wrong
                    .mend
                    .push_str(", or a pattern such as \"%Y-%m-%d %H:%M:%S\"");
                return Err(wrong);
            }
            _ => {}
        }
        if is_date_and_time(text) {
            return Ok(Self::Pattern(text.into()));
        }
        Err(Wrong::new(
            format!("times written as `{}` cannot be read", shorten(text)),
            "write \"%Y-%m-%d %H:%M:%S\", with a `T` for the space, a fraction `%.f` or an offset \
             `%z` if there is one; else bring the time into such a form first",
        ))
    }

    fn show(&self) -> String {
        match self {
            Self::Rfc3339 => "rfc3339".into(),
            Self::EpochSeconds => "epoch_s".into(),
            Self::EpochMillis => "epoch_ms".into(),
            Self::EpochMicros => "epoch_us".into(),
            Self::Pattern(pattern) => pattern.clone(),
        }
    }
}

/// Whether a pattern is one of date, space or `T`, time, and perhaps a fraction and an offset.
fn is_date_and_time(pattern: &str) -> bool {
    let long = pattern.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S");
    let offset = ["%:z", "%z", "Z"]
        .iter()
        .find_map(|end| long.strip_suffix(end));
    let moment = offset.unwrap_or(&long);
    let fraction = ["%.f", "%.3f", "%.6f", "%.9f", ".%f"];
    let fraction = fraction.iter().find_map(|end| moment.strip_suffix(end));
    let plain = fraction.unwrap_or(moment);
    matches!(plain, "%Y-%m-%d %H:%M:%S" | "%Y-%m-%dT%H:%M:%S")
}

/// How money is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Money {
    /// In minor units, as whole numbers: 1999.
    Minor,
    /// In major units: 19.99.
    Major,
}
words!(Money { "minor" => Minor, "major" => Major });

/// Reads a mapping.
pub(super) fn read(table: &mut Table<'_, '_>) -> Mapping {
    let mut fields = BTreeMap::new();
    for (key, field) in Field::ALL {
        if field == Field::Type {
            fields.insert(field, from(table.at(key)));
        } else if let Some(slot) = table.given(key) {
            fields.insert(field, from(slot));
        }
    }
    if !table.has("customer") && !table.has("anonymous") {
        let mend = "write `customer: …` or `anonymous: …`, the column or path that holds it";
        table.wrong("nothing says whose touchpoint it is", mend);
    }
    let mut time = TimeFormat::Rfc3339;
    let moment = table.at("at");
    let at = if moment.is_table() {
        moment.table(|at| {
            let from = from_table(at);
            time = at.at("format").or(TimeFormat::Rfc3339);
            from
        })
    } else {
        from(moment)
    };
    Mapping {
        fields,
        at,
        time,
        money: table.at("money").or(Money::Minor),
        types: renames(table.at("types")),
        channels: renames(table.at("channels")),
        props: {
            let mut props = BTreeMap::new();
            let insert = |name: &str, slot: Slot<'_, '_>| {
                props.insert(name.to_owned(), from(slot));
            };
            table.at("props").pairs(insert);
            props
        },
    }
}

/// A path as text, or a table that says which of column, path and constant it is.
fn from(slot: Slot<'_, '_>) -> From {
    if slot.is_table() {
        slot.table(from_table)
    } else {
        path(&slot.required(String::new))
    }
}

fn path(text: &str) -> From {
    From::Path(text.split('.').map(String::from).collect())
}

fn from_table(table: &mut Table<'_, '_>) -> From {
    let mut found = Vec::new();
    for key in ["column", "path", "constant"] {
        if let Some(slot) = table.given(key) {
            let text = slot.required(String::new);
            found.push(match key {
                "column" => From::Path(vec![text]),
                "path" => path(&text),
                _ => From::Constant(text),
            });
        }
    }
    if found.len() != 1 {
        table.wrong(
            "one of `column`, `path` and `constant` is needed",
            "write {column: name}, {path: a.b} or {constant: text}",
        );
    }
    found.pop().unwrap_or(From::Constant(String::new()))
}

fn renames(slot: Slot<'_, '_>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    slot.pairs(|name, slot| {
        let Word(to) = slot.required(|| Word(String::new()));
        names.insert(name.to_owned(), to);
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_patterns_that_can_be_read_are_taken() {
        for pattern in [
            "%Y-%m-%d %H:%M:%S",
            "%FT%T%.f%z",
            "%F %T",
            "%Y-%m-%dT%H:%M:%S.%fZ",
        ] {
            let format = TimeFormat::parse(pattern);
            assert_eq!(format, Ok(TimeFormat::Pattern(pattern.into())));
        }
        for pattern in [
            "%d.%m.%Y %H:%M",
            "%s",
            "%Y-%m-%d",
            "%Q",
            "epoch",
            "%F %T%z%z",
        ] {
            assert!(TimeFormat::parse(pattern).is_err(), "{pattern}");
        }
    }
}
