//! Decimal numbers as text, scaled to whole ones without floats in between.

/// The digits that a number may have, before and after the point together.
const DIGITS_MAX: usize = 60;

/// The number that `text` writes, times ten to the `places`, rounded half away from zero; nothing
/// if it is no plain decimal number or does not fit.
pub(super) fn scaled(text: &str, places: u32) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    let places = usize::try_from(places).ok()?;
    let kept = fraction.bytes().chain(std::iter::repeat(b'0')).take(places);
    let sum = whole.bytes().chain(kept).try_fold(0_i64, push)?;
    let rest = fraction.as_bytes().get(places..).unwrap_or_default();
    if !rest.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let up = rest.first().is_some_and(|digit| *digit >= b'5');
    let sum = sum.checked_add(i64::from(up))?;
    Some(if negative { -sum } else { sum })
}

fn push(sum: i64, digit: u8) -> Option<i64> {
    if !digit.is_ascii_digit() {
        return None;
    }
    sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
}

/// The digits after the point that a currency's money is written with, by ISO 4217.
pub(super) fn minor_digits(currency: Option<&str>) -> u32 {
    match currency.unwrap_or_default() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_scaled_exactly_and_rounded_half_away_from_zero() {
        for (text, places, number) in [
            ("19.99", 2, 1_999),
            ("-19.99", 2, -1_999),
            ("19.9", 2, 1_990),
            ("+7", 2, 700),
            ("0.1", 0, 0),
            (".5", 0, 1),
            ("-0.5", 0, -1),
            ("19.990000000000002", 2, 1_999),
            ("1.005", 2, 101),
            ("9223372036854775807", 0, i64::MAX),
            ("5.", 1, 50),
        ] {
            assert_eq!(scaled(text, places), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_decimal_or_does_not_fit_is_nothing() {
        for text in [
            "",
            "-",
            ".",
            "1e3",
            "1,5",
            "1 5",
            "0x1",
            "--1",
            "1.5.2",
            "NaN",
            "inf",
            "9223372036854775808",
            "1.2x",
            "１",
        ] {
            assert_eq!(scaled(text, 0), None, "{text}");
        }
        assert_eq!(scaled("9223372036854775807", 1), None);
        assert_eq!(scaled(&"1".repeat(1_000_000), 0), None);
    }

    #[test]
    fn currencies_have_the_minor_digits_of_iso_4217() {
        let digits = |code| minor_digits(Some(code));
        assert_eq!((digits("EUR"), digits("JPY"), digits("KWD")), (2, 0, 3));
        assert_eq!(minor_digits(None), 2);
    }
}
