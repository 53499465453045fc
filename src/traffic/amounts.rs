//! Rates and shares: whole numbers inside, short texts outside.

use std::fmt;
use std::str::FromStr;

use crate::domain::Millis;

/// Touchpoints in a span of event time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate(u64);

impl Rate {
    /// The most that one generator makes: a million a second, far beyond what it can.
    pub const MAX: Self = Self::per_second(1_000_000);

    /// `n` touchpoints a second.
    pub const fn per_second(n: u32) -> Self {
        Self(n as u64 * 3_600)
    }

    /// How long `count` touchpoints take, to the millisecond above.
    pub fn span(self, count: u64) -> Millis {
        let millis = (u128::from(count) * 3_600_000).div_ceil(u128::from(self.per_hour()));
        Millis::new(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// Touchpoints in an hour, at least one.
    pub(super) fn per_hour(self) -> u64 {
        self.0.clamp(1, Self::MAX.0)
    }
}

impl fmt::Display for Rate {
    /// Writes the rate as it is read: `100/s`, `30/m` or `5/h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n % 3_600 == 0 => write!(f, "{}/s", n / 3_600),
            n if n % 60 == 0 => write!(f, "{}/m", n / 60),
            n => write!(f, "{n}/h"),
        }
    }
}

impl FromStr for Rate {
    type Err = AmountError;

    /// Reads `100/s`, `30/m`, `5/h`, or `100`, which means a second.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (number, hourly) = match text.rsplit_once('/') {
            None | Some((_, "s")) => (text.strip_suffix("/s").unwrap_or(text), 3_600),
            Some((number, "m")) => (number, 60),
            Some((number, "h")) => (number, 1),
            Some(_) => return Err(AmountError::Rate(text.into())),
        };
        let number: u64 = number
            .parse()
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(wrong_rate(text))?;
        let rate = number.checked_mul(hourly).ok_or_else(wrong_rate(text))?;
        (rate <= Self::MAX.0)
            .then_some(Self(rate))
            .ok_or_else(wrong_rate(text))
    }
}

fn wrong_rate(text: &str) -> impl Fn() -> AmountError {
    move || AmountError::Rate(text.into())
}

/// A share of all cases, in parts per million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Share(u32);

impl Share {
    /// Never.
    pub const NONE: Self = Self(0);

    /// `n` of a hundred; always, from a hundred on.
    pub const fn percent(n: u32) -> Self {
        Self(if n < 100 { n * 10_000 } else { 1_000_000 })
    }

    /// The share in parts per million, at most a million.
    pub const fn ppm(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Share {
    /// Writes the share as it is read: `1%`, `0.25%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000);
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Share {
    type Err = AmountError;

    /// Reads per cent with at most four decimals: `1%`, `0.25%`.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let wrong = || AmountError::Share(text.into());
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 3 || decimals.len() > 4 {
            return Err(wrong());
        }
        let ppm: u32 = format!("{whole}{decimals:0<4}")
            .parse()
            .map_err(|_| wrong())?;
        (ppm <= 1_000_000).then_some(Self(ppm)).ok_or_else(wrong)
    }
}

/// A figure that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AmountError {
    /// Not a rate.
    #[error(
        "`{0}` is not a rate: write touchpoints per second, minute or hour, such as `100/s`, \
         `30/m` or `5/h`, at most 1000000/s"
    )]
    Rate(String),
    /// Not a share.
    #[error("`{0}` is not a share: write per cent from 0% to 100%, such as `1%` or `0.25%`")]
    Share(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_shares_are_read_as_they_are_written() {
        for text in ["100/s", "30/m", "5/h", "1000000/s"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("7".parse(), Ok(Rate::per_second(7)));
        for text in ["0%", "1%", "0.25%", "0.0001%", "100%"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_count_takes_as_long_as_the_rate_says() {
        assert_eq!(Rate::per_second(100).span(1_000), Millis::from_secs(10));
        assert_eq!(
            "5/h".parse::<Rate>().unwrap().span(1),
            Millis::from_minutes(12)
        );
    }

    #[test]
    fn what_is_no_rate_or_share_is_refused() {
        for text in [
            "",
            "/s",
            "0/s",
            "-1/s",
            "1/d",
            "1.5/s",
            "1000001/s",
            "9999999999999999999/s",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(AmountError::Rate(text.into())));
        }
        for text in [
            "",
            "%",
            "1",
            "101%",
            "-1%",
            "1.00001%",
            ".5%",
            "1.%",
            "+1%",
            "100.0001%",
        ] {
            assert_eq!(text.parse::<Share>(), Err(AmountError::Share(text.into())));
        }
    }
}
