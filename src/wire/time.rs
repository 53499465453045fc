//! Moments as text: RFC 3339, read and written to the millisecond.

use crate::domain::EventTime;

/// Days from the first of March of the year 0 to the epoch.
const EPOCH_DAY: i64 = 719_468;
/// Days in 400 years.
const DAYS_IN_ERA: i64 = 146_097;
const MILLIS_IN_DAY: i64 = 86_400_000;

/// Whether a moment as text must say its zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Zone {
    /// It must: without one nobody knows what is meant.
    Required,
    /// Without one, UTC is meant.
    OrUtc,
}

/// Reads `2026-03-01T10:00:00.000Z`: date, `T` or a space, time with or without seconds and a
/// fraction, `Z` or an offset. Digits beyond the millisecond are cut off. Nothing if it is not such
/// a text or no such day.
pub(super) fn parse(text: &str, zone: Zone) -> Option<EventTime> {
    let (date, rest) = text.as_bytes().split_at_checked(10)?;
    let (between, rest) = rest.split_first()?;
    if !matches!(between, b'T' | b't' | b' ') || date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let day = day_of(
        digits(&date[..4])?,
        digits(&date[5..7])?,
        digits(&date[8..])?,
    )?;
    let (clock, rest) = rest.split_at_checked(5)?;
    if clock[2] != b':' {
        return None;
    }
    let (hour, minute) = (digits(&clock[..2])?, digits(&clock[3..])?);
    let (second, rest) = match rest.strip_prefix(b":") {
        Some(rest) => {
            let (second, rest) = rest.split_at_checked(2)?;
            (digits(second)?, rest)
        }
        None => (0, rest),
    };
    // A leap second is the first second of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, rest) = fraction(rest)?;
    let offset = offset(rest, zone)?;
    let seconds = hour * 3_600 + minute * 60 + second - offset;
    let millis = day * MILLIS_IN_DAY + seconds * 1_000 + fraction;
    let moment = EventTime::from_millis(millis);
    (EventTime::MIN <= moment && moment <= EventTime::MAX).then_some(moment)
}

/// Writes `2026-03-01T10:00:00.000Z`. A moment outside the years 0 to 9999 is written as the
/// nearest inside.
pub(super) fn format(moment: EventTime) -> String {
    let millis = moment.clamp(EventTime::MIN, EventTime::MAX).as_millis();
    let (day, rest) = (
        millis.div_euclid(MILLIS_IN_DAY),
        millis.rem_euclid(MILLIS_IN_DAY),
    );
    let (year, month, date) = date_of(day);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, fraction) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}

/// A number of decimal digits only.
fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

/// The milliseconds that a text begins with, as `.123456`, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let length = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let (fraction, rest) = text.split_at(length);
    let millis = match fraction {
        [] => return None,
        [a] => digits(&[*a])? * 100,
        [a, b] => digits(&[*a, *b])? * 10,
        [a, b, c, ..] => digits(&[*a, *b, *c])?,
    };
    Some((millis, rest))
}

/// The offset that is the whole text, in seconds east of UTC.
fn offset(text: &[u8], zone: Zone) -> Option<i64> {
    let (sign, hour, minute) = match text {
        [] if zone == Zone::OrUtc => return Some(0),
        b"Z" | b"z" => return Some(0),
        [sign, a, b, b':', c, d] | [sign, a, b, c, d] => {
            (sign, digits(&[*a, *b])?, digits(&[*c, *d])?)
        }
        _ => return None,
    };
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    (hour < 24 && minute < 60).then_some(sign * (hour * 3_600 + minute * 60))
}

/// The day's number from the epoch, or nothing if there is no such day. Years count from March, so
/// that the leap day is the last.
fn day_of(year: i64, month: i64, date: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&date) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    Some(era * DAYS_IN_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAY)
}

/// The year, month and date of a day counted from the epoch.
fn date_of(day: i64) -> (i64, i64, i64) {
    let day = day + EPOCH_DAY;
    let (era, of_era) = (day.div_euclid(DAYS_IN_ERA), day.rem_euclid(DAYS_IN_ERA));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, date)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(text: &str) -> Option<i64> {
        parse(text, Zone::Required).map(EventTime::as_millis)
    }

    #[test]
    fn moments_are_read_as_rfc_3339_writes_them() {
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(millis("2024-02-29T12:30:15.250Z"), Some(1_709_209_815_250));
        assert_eq!(
            millis("2024-02-29 14:30:15.2509999+02:00"),
            Some(1_709_209_815_250)
        );
        assert_eq!(
            millis("2024-02-29t07:00:15.25-0530"),
            Some(1_709_209_815_250)
        );
        assert_eq!(millis("2024-02-29T12:30z"), Some(1_709_209_800_000));
        assert_eq!(
            millis("2016-12-31T23:59:60Z"),
            millis("2017-01-01T00:00:00Z")
        );
        assert_eq!(
            parse("9999-12-31T23:59:59.999Z", Zone::Required),
            Some(EventTime::MAX)
        );
        assert_eq!(
            parse("0000-01-01T00:00:00Z", Zone::Required),
            Some(EventTime::MIN)
        );
    }

    #[test]
    fn a_moment_without_zone_is_utc_only_where_that_was_agreed() {
        assert_eq!(millis("2024-02-29 12:30:15"), None);
        assert_eq!(
            parse("2024-02-29 12:30:15", Zone::OrUtc).map(EventTime::as_millis),
            Some(1_709_209_815_000)
        );
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in [
            "",
            "now",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:61Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00 Z",
            "2024-01-01T00:00:00ZZ",
            "2024/01/01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
            "２０２４-01-01T00:00:00Z",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn moments_beyond_four_digits_of_year_are_written_as_the_nearest_inside() {
        assert_eq!(
            format(EventTime::from_millis(i64::MAX)),
            "9999-12-31T23:59:59.999Z"
        );
        assert_eq!(
            format(EventTime::from_millis(i64::MIN)),
            "0000-01-01T00:00:00.000Z"
        );
    }

    proptest! {
        #[test]
        fn every_moment_is_read_as_it_was_written(
            at in EventTime::MIN.as_millis()..=EventTime::MAX.as_millis()
        ) {
            let moment = EventTime::from_millis(at);
            prop_assert_eq!(parse(&format(moment), Zone::Required), Some(moment));
        }

        #[test]
        fn moments_are_written_as_jiff_writes_them(
            at in -62_135_596_800_000_i64..253_402_000_000_000
        ) {
            let other = jiff::Timestamp::from_millisecond(at).unwrap();
            prop_assert_eq!(format(EventTime::from_millis(at)), format!("{other:.3}"));
        }

        #[test]
        fn no_text_makes_reading_a_moment_panic(text in "\\PC{0,40}|[0-9TZ:.+ -]{0,40}") {
            parse(&text, Zone::OrUtc);
        }
    }
}
