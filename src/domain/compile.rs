//! From maps as written to compiled maps, with every mistake found on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::map::{AbandonmentSpec, MapSpec, Mistake, StageSpec};
use super::maps::{
    AbandonmentRule, ChannelId, Comeback, JourneyMap, KindId, Maps, Meaning, Roles, SessionRule,
    Settings, Step, StepIx,
};
use super::time::Millis;
use super::vocabulary;

/// Steps that one map may have: a step's number is a byte.
const STEPS_MAX: usize = 200;
/// Abandonment rules that one map may have.
const RULES_MAX: usize = 64;
/// Alerts that one episode may send.
const LEVELS_MAX: usize = 8;

/// Checks `specs` and compiles them; see [`Maps::compile`].
pub(super) fn compile(specs: &[MapSpec], settings: &Settings) -> Result<Maps, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut ids = BTreeSet::new();
    for (index, spec) in specs.iter().enumerate() {
        let mut check = Check {
            map: index,
            mistakes: &mut mistakes,
        };
        if !ids.insert(&spec.id) {
            check.wrong(
                "map",
                format!("another map is called `{}` too: rename one", spec.id),
            );
        }
        check.map(spec);
    }
    let (kinds, kind_ids) = number(kind_names(specs, settings), KindId);
    let (channels, channel_ids) = number(channel_names(settings), |n| {
        ChannelId(u8::try_from(n).unwrap_or(0))
    });
    if channels.len() > vocabulary::CHANNELS_MAX {
        let message = format!(
            "{} channels are too many: at most {} can be told apart",
            channels.len(),
            vocabulary::CHANNELS_MAX
        );
        mistakes.push(Mistake {
            path: "channels".into(),
            map: 0,
            message,
        });
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let maps: Vec<_> = specs
        .iter()
        .map(|spec| compile_map(spec, &kind_ids, kinds.len()))
        .collect();
    let ranks = (0..kinds.len()).map(|kind| rank(&maps, kind)).collect();
    Ok(Maps {
        maps,
        disorder: settings.disorder,
        bounds: settings.bounds,
        rules: settings.rules,
        kinds,
        channels,
        kind_ids,
        channel_ids,
        ranks,
    })
}

fn kind_names<'a>(specs: &'a [MapSpec], settings: &'a Settings) -> Vec<&'a str> {
    let mut names: Vec<&str> = vocabulary::KINDS.to_vec();
    for spec in specs {
        for stage in &spec.stages {
            names.extend(
                stage
                    .steps
                    .iter()
                    .flat_map(|step| &step.on)
                    .map(String::as_str),
            );
            names.extend(stage.conversion.iter().map(String::as_str));
        }
        names.extend(spec.session.view_types.iter().map(String::as_str));
        for rule in &spec.abandonments {
            names.extend(
                role_lists(rule)
                    .into_iter()
                    .flat_map(|(_, list, _)| list)
                    .map(|s| &**s),
            );
        }
    }
    names.extend(settings.kinds.iter().map(String::as_str));
    names
}

fn channel_names(settings: &Settings) -> Vec<&str> {
    let mut names = vocabulary::CHANNELS.to_vec();
    names.extend(settings.channels.iter().map(String::as_str));
    names
}

/// Numbers names from 1 in the order of their first mention; 0 is `other`.
fn number<Id: Copy>(
    names: Vec<&str>,
    id: impl Fn(u16) -> Id,
) -> (Vec<Box<str>>, BTreeMap<Box<str>, Id>) {
    let mut list: Vec<Box<str>> = vec!["other".into()];
    let mut ids = BTreeMap::new();
    for name in names {
        if name != "other" && !ids.contains_key(name) {
            ids.insert(name.into(), id(u16::try_from(list.len()).unwrap_or(0)));
            list.push(name.into());
        }
    }
    (list, ids)
}

fn rank(maps: &[JourneyMap], kind: usize) -> u8 {
    maps.iter()
        .find_map(|map| map.meanings[kind].steps.first())
        .map_or(u8::MAX, |step| step.0)
}

/// The lists of a rule: their key, their types and the role they give.
fn role_lists(rule: &AbandonmentSpec) -> [(&'static str, &[String], Roles); 5] {
    [
        ("opens", &rule.opens, Roles::OPENS),
        ("extends", &rule.extends, Roles::EXTENDS),
        ("completes", &rule.completes, Roles::COMPLETES),
        ("cancels", &rule.cancels, Roles::CANCELS),
        ("removes", &rule.removes, Roles::REMOVES),
    ]
}

fn compile_map(spec: &MapSpec, kinds: &BTreeMap<Box<str>, KindId>, kinds_len: usize) -> JourneyMap {
    let none = Meaning {
        roles: vec![Roles::default(); spec.abandonments.len()],
        ..Meaning::default()
    };
    let mut meanings = vec![none; kinds_len];
    let at = |name: &str| kinds.get(name).map_or(0, |kind| usize::from(kind.0));
    let mut steps = Vec::new();
    for (stage, stage_spec) in spec.stages.iter().enumerate() {
        for step in &stage_spec.steps {
            let index = StepIx(byte(steps.len()));
            for name in &step.on {
                let entered = &mut meanings[at(name)].steps;
                if entered.last() != Some(&index) {
                    entered.push(index);
                }
            }
            steps.push(Step {
                stage: byte(stage),
                id: step.id.as_deref().map(Into::into),
            });
        }
        for name in &stage_spec.conversion {
            meanings[at(name)].converts = true;
        }
    }
    for name in &spec.session.view_types {
        meanings[at(name)].view = true;
    }
    for (index, rule) in spec.abandonments.iter().enumerate() {
        for (_, names, role) in role_lists(rule) {
            for name in names {
                meanings[at(name)].roles[index].add(role);
            }
        }
    }
    let comeback = spec.comeback.as_ref().and_then(|comeback| {
        let (to, beyond) = find_place(&spec.stages, &comeback.to)?;
        Some(Comeback {
            to,
            beyond,
            after: comeback.after,
        })
    });
    JourneyMap {
        id: spec.id.as_str().into(),
        version: spec.version,
        stages: spec
            .stages
            .iter()
            .map(|stage| stage.id.as_str().into())
            .collect(),
        steps,
        moves: spec.moves,
        comeback,
        session: SessionRule {
            gap: spec.session.gap,
            max: spec.session.max,
            longer_than: spec.session.longer_than,
            views: spec.session.views,
            bounce: spec.session.bounce,
        },
        abandonments: spec.abandonments.iter().map(compile_rule).collect(),
        lookback: spec.lookback,
        meanings,
    }
}

fn compile_rule(rule: &AbandonmentSpec) -> AbandonmentRule {
    AbandonmentRule {
        id: rule.id.as_str().into(),
        levels: std::iter::once(rule.after)
            .chain(rule.again.iter().copied())
            .collect(),
        recovers_within: rule.recovers_within,
        instance: rule.instance,
    }
}

fn byte(n: usize) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

/// The step that `name` (a stage, or `stage.step`) stands for, and the last step it covers.
fn find_place(stages: &[StageSpec], name: &str) -> Option<(StepIx, StepIx)> {
    let (stage_name, step_name) = match name.split_once('.') {
        Some((stage, step)) => (stage, Some(step)),
        None => (name, None),
    };
    let mut first = 0;
    for stage in stages {
        if stage.id == stage_name {
            return match step_name {
                None => Some((
                    StepIx(byte(first)),
                    StepIx(byte((first + stage.steps.len()).checked_sub(1)?)),
                )),
                Some(step_name) => {
                    let offset = stage
                        .steps
                        .iter()
                        .position(|step| step.id.as_deref() == Some(step_name))?;
                    Some((StepIx(byte(first + offset)), StepIx(byte(first + offset))))
                }
            };
        }
        first += stage.steps.len();
    }
    None
}

/// Collects the mistakes of one map.
struct Check<'a> {
    map: usize,
    mistakes: &'a mut Vec<Mistake>,
}

impl Check<'_> {
    fn wrong(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.mistakes.push(Mistake {
            path: path.into(),
            map: self.map,
            message: message.into(),
        });
    }

    fn map(&mut self, spec: &MapSpec) {
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
                    "{again} must be longer than {last} before it: every alert counts from the last touch"
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
