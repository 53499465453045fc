//! Every rule of time and order is needed: without it a law fails. Those of the commit cycle are
//! missed by the simulation.

use wayfarer::domain::{Rule, Rules};

use crate::late::SETTLED_BEFORE_IT_IS_TOUCHED;
use crate::law::{Law, try_law};
use crate::runner::search;
use crate::scenario::{quiet_shop, told_with};

/// Every rule of time and order, in the order of their declaration.
const RULES: [Rule; 19] = [
    Rule::OneMillisecondMore,
    Rule::RecordByRecord,
    Rule::SmallestInput,
    Rule::LateByWatermark,
    Rule::SettleFirst,
    Rule::RankBreaksTies,
    Rule::TouchesBeforeDeadlines,
    Rule::EpisodesBeforeSessions,
    Rule::DiffByContent,
    Rule::RetractFirst,
    Rule::ReturnLeavesAtWatermark,
    Rule::WakeFromLiveFold,
    Rule::PendingIsExact,
    Rule::RingRemembers,
    Rule::EarlierTimeWins,
    Rule::AbortRearms,
    Rule::AbortResetsClock,
    Rule::AbortDropsPanes,
    Rule::ArmAgain,
];

/// What misses a rule.
enum Missed {
    /// A law fails.
    By(Law),
    /// A story about late touchpoints ends otherwise.
    ByStory(&'static str),
}

fn missed(rule: Rule) -> Missed {
    match rule {
        Rule::OneMillisecondMore
        | Rule::RecordByRecord
        | Rule::SmallestInput
        | Rule::RankBreaksTies
        | Rule::TouchesBeforeDeadlines
        | Rule::EpisodesBeforeSessions
        | Rule::DiffByContent
        | Rule::RetractFirst
        | Rule::ReturnLeavesAtWatermark
        | Rule::WakeFromLiveFold
        | Rule::PendingIsExact
        | Rule::AbortRearms
        | Rule::AbortResetsClock
        | Rule::AbortDropsPanes
        | Rule::ArmAgain => Missed::By(Law::Order),
        Rule::RingRemembers | Rule::EarlierTimeWins => Missed::By(Law::TwoTimes),
        Rule::LateByWatermark => Missed::By(Law::Nudge),
        Rule::SettleFirst => Missed::ByStory(SETTLED_BEFORE_IT_IS_TOUCHED),
        Rule::UnknownIsAsked | Rule::StateNamesItsPlace | Rule::OffsetsAlways => {
            panic!("{rule:?} belongs to the commit cycle")
        }
    }
}

#[test]
fn without_any_one_rule_a_law_fails() {
    let mut needless = Vec::new();
    for (place, rule) in RULES.into_iter().enumerate() {
        assert_eq!(rule as usize, place, "a rule is missing before {rule:?}");
        let rules = Rules::without(rule);
        let found = match missed(rule) {
            Missed::By(law) => search(20_000, 0, |case| try_law(law, case, rules).map(drop))
                .map(|failure| format!("{law:?} fails at case {}", failure.nth)),
            Missed::ByStory(story) => {
                let ending = |under| told_with(&quiet_shop(), story, under).everything();
                (ending(rules) != ending(Rules::ALL)).then(|| "a story ends otherwise".into())
            }
        };
        match found {
            Some(found) => println!("{rule:?}: {found}"),
            None => needless.push(rule),
        }
    }
    assert!(needless.is_empty(), "nothing misses {needless:?}");
}
