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
