//! Money in minor units: which currencies there are, and how many digits stand behind the point.

use super::touchpoint::Currency;

/// The codes of ISO 4217 that money is counted in, with those that went out of use since 2020.
const LISTED: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN \
    BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP \
    ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR \
    ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD \
    MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR \
    PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL \
    THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF \
    XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL";
const WITHOUT_DIGITS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DIGITS: &str = "BHD IQD JOD KWD LYD OMR TND";
const FOUR_DIGITS: &str = "CLF UYW";

impl Currency {
    /// The codes of ISO 4217 that money is counted in.
    pub fn listed() -> impl Iterator<Item = Self> {
        LISTED.split(' ').filter_map(Self::parse)
    }

    /// Whether the code is one of ISO 4217 that money is counted in.
    pub fn is_listed(self) -> bool {
        holds(LISTED, self)
    }

    /// How many digits of an amount in minor units stand behind the point, after ISO 4217; two
    /// for a code that is not listed.
    pub fn minor_digits(self) -> u32 {
        if holds(WITHOUT_DIGITS, self) {
            0
        } else if holds(THREE_DIGITS, self) {
            3
        } else if holds(FOUR_DIGITS, self) {
            4
        } else {
            2
        }
    }
}

fn holds(codes: &str, currency: Currency) -> bool {
    codes.split(' ').any(|code| code == currency.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("three letters")
    }

    #[test]
    fn the_list_holds_each_code_once_in_order() {
        let codes: Vec<_> = LISTED.split(' ').collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(Currency::listed().count(), codes.len());
    }

    #[test]
    fn every_code_with_digits_of_its_own_is_listed() {
        for codes in [WITHOUT_DIGITS, THREE_DIGITS, FOUR_DIGITS] {
            assert!(codes.split(' ').all(|code| currency(code).is_listed()));
        }
    }

    #[test]
    fn digits_follow_the_standard() {
        let digits = ["JPY", "EUR", "KWD", "CLF"].map(|code| currency(code).minor_digits());
        assert_eq!(digits, [0, 2, 3, 4]);
    }

    #[test]
    fn three_letters_alone_are_no_currency() {
        assert!(!currency("QQQ").is_listed());
        assert_eq!(currency("QQQ").minor_digits(), 2);
    }
}
