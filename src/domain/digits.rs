//! Numbers as text in the parts of an id, written on the stack.

/// The digits of a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    /// Filled from the end: the longest is a minus sign and nineteen decimal digits.
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    const NONE: Self = Self {
        bytes: [b'0'; 20],
        start: 20,
    };

    /// A number in decimal.
    pub(super) fn decimal(number: i64) -> Self {
        let mut digits = Self::NONE;
        let mut rest = number.unsigned_abs();
        loop {
            digits.push(rest % 10);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            digits.start -= 1;
            digits.bytes[digits.start] = b'-';
        }
        digits
    }

    /// A number in sixteen hexadecimal digits.
    pub(super) fn hexadecimal(number: u64) -> Self {
        let mut digits = Self::NONE;
        for place in 0..16 {
            digits.push(number >> (4 * place) & 0xf);
        }
        digits
    }

    /// Puts a digit below sixteen in front.
    fn push(&mut self, digit: u64) {
        self.start -= 1;
        self.bytes[self.start] = b"0123456789abcdef"[(digit & 0xf) as usize];
    }

    /// The digits as text.
    pub(super) fn as_str(&self) -> &str {
        // They are ASCII.
        std::str::from_utf8(&self.bytes[self.start..]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Digits;

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for number in [0, 7, -1, 1_760_000_000_000, i64::MAX, i64::MIN] {
            assert_eq!(Digits::decimal(number).as_str(), number.to_string());
            let bits = number.cast_unsigned();
            assert_eq!(Digits::hexadecimal(bits).as_str(), format!("{bits:016x}"));
        }
    }
}
