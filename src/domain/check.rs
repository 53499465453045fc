//! The mistakes that a map as written can hold.

use std::collections::BTreeSet;

use super::compile::{find_place, role_lists};
use super::map::{AbandonmentSpec, MapSpec, Mistake, StageSpec};
use super::time::Millis;

/// Steps that one map may have: a step's number is a byte.
const STEPS_MAX: usize = 200;
/// Abandonment rules that one map may have.
const RULES_MAX: usize = 64;
/// Alerts that one episode may send.
const LEVELS_MAX: usize = 8;

/// Collects the mistakes of one map.
pub(super) struct Check<'a> {
    map: usize,
    mistakes: &'a mut Vec<Mistake>,
}

impl<'a> Check<'a> {
    pub(super) fn new(map: usize, mistakes: &'a mut Vec<Mistake>) -> Self {
        Self { map, mistakes }
    }

    pub(super) fn wrong(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.mistakes.push(Mistake {
            path: path.into(),
            map: self.map,
            message: message.into(),
        });
    }

    pub(super) fn map(&mut self, spec: &MapSpec) {
        self.id("map", &spec.id);
        if spec.stages.is_empty() {
            self.wrong("stages", "a map needs at least one stage");
        }
        let steps: usize = spec.stages.iter().map(|stage| stage.steps.len()).sum();
        if steps > STEPS_MAX {
            self.wrong(
                "stages",
                format!("{steps} steps are too many: at most {STEPS_MAX}"),
            );
        }
        let mut stages = BTreeSet::new();
        for (index, stage) in spec.stages.iter().enumerate() {
            if !stages.insert(&stage.id) {
                let message = format!("another stage is called `{}` too: rename one", stage.id);
                self.wrong(format!("stages[{index}].id"), message);
            }
            self.stage(index, stage);
        }
        if let Some(comeback) = &spec.comeback {
            if find_place(&spec.stages, &comeback.to).is_none() {
                let message = format!(
                    "there is no stage `{}`: name one of {}",
                    comeback.to,
                    list(spec.stages.iter().map(|stage| &*stage.id))
                );
                self.wrong("return.to", message);
            }
            self.positive("return.after", comeback.after);
        }
        self.positive("session.gap", spec.session.gap);
        if spec.session.max < spec.session.gap {
            self.wrong(
                "session.max",
                "must not be shorter than `gap`: raise it or lower `gap`",
            );
        }
        self.positive("attribution.lookback", spec.lookback);
        if spec.abandonments.len() > RULES_MAX {
            self.wrong(
                "abandonments",
                format!("too many rules: at most {RULES_MAX}"),
            );
        }
        let mut rules = BTreeSet::new();
        for (index, rule) in spec.abandonments.iter().enumerate() {
            if !rules.insert(&rule.id) {
                let message = format!("another rule is called `{}` too: rename one", rule.id);
                self.wrong(format!("abandonments[{index}].id"), message);
            }
            self.rule(index, rule);
        }
    }

    fn stage(&mut self, index: usize, stage: &StageSpec) {
        let path = format!("stages[{index}]");
        self.id(&format!("{path}.id"), &stage.id);
        if stage.id.contains('.') {
            self.wrong(format!("{path}.id"), "a stage's id must not contain a dot");
        }
        if stage.steps.is_empty() {
            self.wrong(&path, "nothing enters this stage: give it `on` or `steps`");
        }
        let mut ids = BTreeSet::new();
        for (step_index, step) in stage.steps.iter().enumerate() {
            let step_path = match &step.id {
                Some(_) => format!("{path}.steps[{step_index}]"),
                None => path.clone(),
            };
            if let Some(id) = &step.id {
                self.id(&format!("{step_path}.id"), id);
                if !ids.insert(id) {
                    self.wrong(
                        format!("{step_path}.id"),
                        format!(
                            "another step of `{}` is called `{id}` too: rename one",
                            stage.id
                        ),
                    );
                }
            }
            self.kinds(&format!("{step_path}.on"), &step.on, true);
        }
        self.kinds(&format!("{path}.conversion.on"), &stage.conversion, false);
    }

    fn rule(&mut self, index: usize, rule: &AbandonmentSpec) {
        let path = format!("abandonments[{index}]");
        self.id(&format!("{path}.id"), &rule.id);
        for (key, kinds, _) in role_lists(rule) {
            self.kinds(
                &format!("{path}.{key}"),
                kinds,
                matches!(key, "opens" | "completes"),
            );
        }
        for kind in rule.completes.iter().chain(&rule.cancels) {
            if rule.opens.contains(kind) || rule.extends.contains(kind) {
                let message = format!(
                    "`{kind}` cannot both go on with an episode and end it: drop it from one list"
                );
                self.wrong(format!("{path}.completes"), message);
            }
        }
        self.positive(&format!("{path}.after"), rule.after);
        let mut last = rule.after;
        for (level, again) in rule.again.iter().enumerate() {
            if *again <= last {
                let message = format!(
                    "{again} must be longer than {last} before it: \
                     every alert counts from the last touch"
                );
                self.wrong(format!("{path}.again[{level}]"), message);
            }
            last = *again;
        }
        if rule.again.len() >= LEVELS_MAX {
            self.wrong(
                format!("{path}.again"),
                format!(
                    "too many alerts: at most {} after the first",
                    LEVELS_MAX - 1
                ),
            );
        }
        if rule.recovers_within < Millis::ZERO {
            self.wrong(format!("{path}.recovers_within"), "must not be negative");
        }
    }

    fn kinds(&mut self, path: &str, kinds: &[String], needed: bool) {
        if needed && kinds.is_empty() {
            self.wrong(path, "name at least one touchpoint type");
        }
        for kind in kinds {
            self.id(path, kind);
        }
    }

    fn id(&mut self, path: &str, id: &str) {
        let ok = !id.is_empty()
            && id.len() <= 64
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'));
        if !ok {
            let message = format!(
                "`{}` is no name: use 1 to 64 letters, digits and `_ - . :`",
                id.escape_debug()
            );
            self.wrong(path, message);
        }
    }

    fn positive(&mut self, path: &str, span: Millis) {
        if span <= Millis::ZERO {
            self.wrong(path, "must be longer than nothing, as in `30m`");
        }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Maps, ReturnSpec, Settings, StepIx, StepSpec};

    fn step(id: Option<&str>) -> StepSpec {
        StepSpec {
            id: id.map(Into::into),
            on: vec!["page_viewed".into()],
        }
    }

    fn stage(id: &str, steps: Vec<StepSpec>) -> StageSpec {
        StageSpec {
            id: id.into(),
            steps,
            conversion: Vec::new(),
        }
    }

    /// A map without mistakes: one stage and one rule.
    fn sound() -> MapSpec {
        let rule = AbandonmentSpec::new("cart", "cart_added", "purchased", Millis::new(1));
        MapSpec {
            stages: vec![stage("browse", vec![step(None)])],
            abandonments: vec![rule],
            ..MapSpec::new("shop")
        }
    }

    /// The paths of the mistakes in the sound map after `change`.
    fn mistakes(change: impl FnOnce(&mut MapSpec)) -> Vec<String> {
        let mut spec = sound();
        change(&mut spec);
        let mistakes = Maps::compile(&[spec], &Settings::default()).err();
        let mistakes = mistakes.unwrap_or_default();
        mistakes.into_iter().map(|mistake| mistake.path).collect()
    }

    #[test]
    fn what_a_limit_names_is_allowed_and_one_more_is_not() {
        type Change = fn(&mut MapSpec, usize);
        let limits: [(usize, Change, &str); 4] = [
            (
                STEPS_MAX,
                |spec, many| {
                    let step = |n: usize| step(Some(&format!("s{n}")));
                    spec.stages[0].steps = (0..many).map(step).collect();
                },
                "stages",
            ),
            (
                RULES_MAX,
                |spec, many| {
                    let rule = |n: usize| AbandonmentSpec {
                        id: format!("r{n}"),
                        ..spec.abandonments[0].clone()
                    };
                    spec.abandonments = (0..many).map(rule).collect();
                },
                "abandonments",
            ),
            (
                LEVELS_MAX - 1,
                |spec, many| {
                    let silence = |n: usize| Millis::new(2 + i64::try_from(n).unwrap());
                    spec.abandonments[0].again = (0..many).map(silence).collect();
                },
                "abandonments[0].again",
            ),
            (64, |spec, long| spec.id = "x".repeat(long), "map"),
        ];
        for (limit, change, path) in limits {
            assert_eq!(mistakes(|spec| change(spec, limit)), [""; 0], "{path}");
            assert_eq!(mistakes(|spec| change(spec, limit + 1)), [path]);
        }
    }

    #[test]
    fn spans_may_be_as_short_as_makes_sense() {
        let shortest = mistakes(|spec| {
            spec.session.max = spec.session.gap;
            spec.abandonments[0].recovers_within = Millis::ZERO;
        });
        assert_eq!(shortest, [""; 0]);
        let shorter = mistakes(|spec| {
            spec.session.max = Millis::new(spec.session.gap.get() - 1);
            spec.abandonments[0].recovers_within = Millis::new(-1);
            spec.abandonments[0].again = vec![Millis::new(1)];
        });
        let expected = [
            "session.max",
            "abandonments[0].again[0]",
            "abandonments[0].recovers_within",
        ];
        assert_eq!(shorter, expected);
    }

    #[test]
    fn an_empty_list_is_a_mistake_only_where_something_must_be_named() {
        let empty = mistakes(|spec| {
            spec.abandonments[0].opens.clear();
            spec.abandonments[0].completes.clear();
            spec.abandonments[0].extends.clear();
        });
        assert_eq!(
            empty,
            ["abandonments[0].opens", "abandonments[0].completes"]
        );
    }

    #[test]
    fn what_ends_an_episode_neither_opens_nor_extends_it() {
        let paths = mistakes(|spec| {
            let rule = &mut spec.abandonments[0];
            rule.completes.push("cart_added".into());
            rule.extends.push("cart_emptied".into());
            rule.cancels.push("cart_emptied".into());
        });
        assert_eq!(paths, ["abandonments[0].completes"; 2]);
    }

    #[test]
    fn a_place_covers_a_stage_or_one_step() {
        let stages = [
            stage("a", vec![step(Some("x")), step(Some("y"))]),
            stage("b", vec![step(Some("x")), step(Some("y")), step(Some("z"))]),
        ];
        let place = |name| find_place(&stages, name).map(|(StepIx(to), StepIx(last))| (to, last));
        assert_eq!(place("a"), Some((0, 1)));
        assert_eq!(place("b"), Some((2, 4)));
        assert_eq!(place("b.z"), Some((4, 4)));
        assert_eq!(place("a.z"), None);
        assert_eq!(place("c"), None);
        let nowhere = mistakes(|spec| {
            let (to, after) = ("b".into(), Millis::ZERO);
            spec.comeback = Some(ReturnSpec { to, after });
        });
        assert_eq!(nowhere, ["return.to", "return.after"]);
    }
}
