//! Amounts survive being written and read; nothing is rounded, nothing overflows silently.
//! Leaves sums to the figures.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn an_amount_reads_back_as_itself(fen in any::<i64>()) {
        prop_assert_eq!(Fen(fen).to_string().parse(), Ok(Fen(fen)));
    }

    #[test]
    fn a_text_of_yuan_and_fen_is_that_many_fen(yuan in 0..90_000_000_000_000_000i64, fen in 0..100i64) {
        prop_assert_eq!(format!("{yuan}.{fen:02}").parse(), Ok(Fen(yuan * 100 + fen)));
        prop_assert_eq!(format!("-{yuan}.{fen:02}00").parse(), Ok(Fen(-(yuan * 100 + fen))));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,24}") {
        let _ = text.parse::<Fen>();
    }
}

#[test]
fn the_ends_of_the_range_are_amounts_and_beyond_them_is_an_error() {
    for fen in [i64::MIN, i64::MIN + 1, i64::MAX] {
        assert_eq!(Fen(fen).to_string().parse(), Ok(Fen(fen)));
    }
    for text in ["92233720368547758.08", "-92233720368547758.09", "99999999999999999999"] {
        assert_eq!(text.parse::<Fen>(), Err(MoneyError::TooLarge), "{text}");
    }
    assert_eq!(Fen(i64::MAX).checked_add(Fen(1)), None);
    assert_eq!(Fen(i64::MIN).checked_sub(Fen(1)), None);
    assert_eq!(Fen::from_yuan(i64::MAX), None);
}

#[test]
fn a_fraction_of_a_fen_is_refused_and_so_is_anything_but_digits() {
    assert_eq!("1.001".parse::<Fen>(), Err(MoneyError::FractionOfFen));
    assert_eq!("1.1000".parse(), Ok(Fen(110)));
    for text in ["", "-", "--1", "1.", ".5", "1e3", "1,000", "１", "+1", "1.2.3", "1 0"] {
        assert_eq!(text.parse::<Fen>(), Err(MoneyError::Malformed), "{text:?}");
    }
}
