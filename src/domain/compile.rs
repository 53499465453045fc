//! From maps as written to compiled maps, with every mistake found on the way.

use std::collections::BTreeSet;

use super::check::Check;
use super::map::{AbandonmentSpec, MapSpec, Mistake, StageSpec};
use super::maps::{
    AbandonmentRule, ChannelId, Comeback, JourneyMap, KindId, Maps, Meaning, Roles, SessionRule,
    Settings, Step, StepIx,
};
use super::names::Names;
use super::vocabulary;

/// Checks `specs` and compiles them; see [`Maps::compile`].
pub(super) fn compile(specs: &[MapSpec], settings: &Settings) -> Result<Maps, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut ids = BTreeSet::new();
    for (index, spec) in specs.iter().enumerate() {
        let mut check = Check::new(index, &mut mistakes);
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
fn number<Id: Copy>(names: Vec<&str>, id: impl Fn(u16) -> Id) -> (Vec<Box<str>>, Names<Id>) {
    let mut list: Vec<Box<str>> = vec!["other".into()];
    let mut ids = Names::new();
    for name in names {
        let next = id(u16::try_from(list.len()).unwrap_or(0));
        if name != "other" && ids.add(name, next) {
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
pub(super) fn role_lists(rule: &AbandonmentSpec) -> [(&'static str, &[String], Roles); 5] {
    [
        ("opens", &rule.opens, Roles::OPENS),
        ("extends", &rule.extends, Roles::EXTENDS),
        ("completes", &rule.completes, Roles::COMPLETES),
        ("cancels", &rule.cancels, Roles::CANCELS),
        ("removes", &rule.removes, Roles::REMOVES),
    ]
}

fn compile_map(spec: &MapSpec, kinds: &Names<KindId>, kinds_len: usize) -> JourneyMap {
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
pub(super) fn find_place(stages: &[StageSpec], name: &str) -> Option<(StepIx, StepIx)> {
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
