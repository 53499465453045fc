//! How numbers, bars and colours are written on a terminal.

use crate::domain::{Currency, EventTime};

/// What the terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Whether colours are wanted.
    pub color: bool,
    /// Characters in a line, at least 80.
    pub width: usize,
}

/// A way to set text apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ink {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

impl Look {
    /// No colours, 80 characters.
    pub const PLAIN: Self = Self {
        color: false,
        width: 80,
    };

    /// The text, set apart if colours are wanted.
    pub(super) fn ink(self, ink: Ink, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bold => 1,
            Ink::Dim => 2,
            Ink::Red => 31,
            Ink::Green => 32,
            Ink::Yellow => 33,
            Ink::Cyan => 36,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// The text without what does not fit into a line.
    pub(super) fn clip(self, text: &str) -> String {
        clip(text, self.width)
    }
}

/// At most `width` characters, none of which moves the cursor: ids come from the input.
pub(super) fn clip(text: &str, width: usize) -> String {
    let mut shown: String = text
        .chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .take(width)
        .collect();
    if text.chars().count() > width {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// A number with a comma before each three digits.
pub(super) fn number(number: impl Into<i128>) -> String {
    let number: i128 = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many of something: `1 session`, `2 sessions`.
pub(super) fn pieces(count: impl Into<i128>, noun: &str) -> String {
    let count: i128 = count.into();
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(count))
}

/// How many percent `part` is of `whole`, rounded; a dash where there is no whole.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "–".to_owned();
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    format!("{} %", (part * 200 + whole).div_euclid(whole * 2))
}

/// A bar for the share that `part` is of `whole`, in eighths of `width` characters at most.
pub(super) fn bar(part: i64, whole: i64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let (Ok(part), Ok(whole)) = (u64::try_from(part), u64::try_from(whole)) else {
        return String::new();
    };
    if whole == 0 {
        return String::new();
    }
    let full = u64::try_from(width).unwrap_or(u64::MAX).saturating_mul(8);
    let eighths = u128::from(part.min(whole)) * u128::from(full) / u128::from(whole);
    let eighths = usize::try_from(eighths).unwrap_or(0);
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// An amount in minor units, in whole units of its currency: `1,234.50 EUR`.
pub(super) fn money(minor: i64, currency: Option<Currency>) -> String {
    let digits = currency.map_or(2, Currency::minor_digits);
    let one = 10_u64.pow(digits);
    let (whole, rest) = (minor.unsigned_abs() / one, minor.unsigned_abs() % one);
    let mut text = String::from(if minor < 0 { "-" } else { "" });
    text.push_str(&number(whole));
    if digits > 0 {
        text.push_str(&format!(".{rest:0width$}", width = digits as usize));
    }
    if let Some(currency) = currency {
        text.push(' ');
        text.push_str(currency.as_str());
    }
    text
}

/// Seconds as minutes and seconds, with hours where there are any: `0:27`, `1:02:03`.
pub(super) fn clock(secs: u64) -> String {
    let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    if hours == 0 {
        format!("{minutes}:{secs:02}")
    } else {
        format!("{hours}:{minutes:02}:{secs:02}")
    }
}

/// The time of day of a moment, UTC.
pub(super) fn time_of_day(at: EventTime) -> String {
    let secs = at.as_millis().div_euclid(1_000).rem_euclid(86_400);
    let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    format!("{hours:02}:{minutes:02}:{secs:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        let shown = [0, 999, 1_000, -12_345, 1_234_567].map(number);
        assert_eq!(shown, ["0", "999", "1,000", "-12,345", "1,234,567"]);
    }

    #[test]
    fn one_piece_has_no_plural() {
        assert_eq!(
            [0, 1, 2].map(|n| pieces(n, "cart")),
            ["0 carts", "1 cart", "2 carts"]
        );
    }

    #[test]
    fn percents_are_rounded_and_nothing_of_nothing_is_a_dash() {
        let shown = [(1, 3), (2, 3), (1, 200), (3, 2), (0, 0)];
        let shown = shown.map(|(part, whole)| percent(part, whole));
        assert_eq!(shown, ["33 %", "67 %", "1 %", "150 %", "–"]);
    }

    #[test]
    fn bars_end_where_the_line_does() {
        let bars = [(1, 2), (1, 16), (3, 2), (0, 5), (1, 0)];
        let bars = bars.map(|(part, whole)| bar(part, whole, 4));
        assert_eq!(bars, ["██", "▎", "████", "", ""]);
    }

    #[test]
    fn money_has_the_digits_of_its_currency() {
        let shown = [("EUR", 123_450), ("JPY", -12_345), ("KWD", 5)];
        let shown = shown.map(|(code, minor)| money(minor, Currency::parse(code)));
        assert_eq!(shown, ["1,234.50 EUR", "-12,345 JPY", "0.005 KWD"]);
        assert_eq!(money(99, None), "0.99");
    }

    #[test]
    fn text_from_the_input_cannot_move_the_cursor() {
        assert_eq!(clip("a\x1b[2Jb", 80), "a·[2Jb");
        assert_eq!(clip("customer", 4), "cus…");
    }

    #[test]
    fn times_are_short() {
        assert_eq!([27, 3_723].map(clock), ["0:27", "1:02:03"]);
        assert_eq!(time_of_day(EventTime::from_millis(-1_000)), "23:59:59");
    }

    #[test]
    fn colours_are_written_only_where_they_are_wanted() {
        let colorful = Look {
            color: true,
            ..Look::PLAIN
        };
        assert_eq!(Look::PLAIN.ink(Ink::Red, "x"), "x");
        assert_eq!(colorful.ink(Ink::Red, "x"), "\x1b[31mx\x1b[0m");
    }
}
