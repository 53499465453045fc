//! Whether a cluster fits a config: what `validate --connect` and the start of `run` look at.

mod access;
mod judge;

use std::collections::BTreeMap;
use std::time::Duration;

pub(super) use judge::{unequal_changelog, unequal_inputs};

use super::process::{self, Stopped};
use super::topics::catalogue::{self, Role, Topic};
use super::{Exit, connect};
use crate::config::{Config, Log};
use crate::kafka::{Admin, KafkaConfig, TopicShape};
use crate::runtime::Error;

/// How long the first answer may take.
const REACH: Duration = Duration::from_secs(15);

/// How bad something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Weight {
    /// It works, but not as well as it could.
    Warning,
    /// Something is not there, and may come.
    Missing,
    /// Something is there and is wrong.
    Wrong,
}

/// Something about the cluster that should be otherwise, with its mend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    /// One line.
    pub(super) text: String,
}

impl Finding {
    fn new(weight: Weight, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { weight, text }
    }

    /// What a question was answered instead of an answer.
    pub(super) fn of(error: &Error) -> Self {
        let weight = match error {
            Error::Retry(_) => Weight::Missing,
            _ => Weight::Wrong,
        };
        Self::new(weight, error.to_string())
    }
}

impl Weight {
    /// How a process ends that found nothing worse.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Warning => Exit::Ok,
            Self::Missing => Exit::Unavailable,
            Self::Wrong => Exit::Config,
        }
    }
}

impl From<Finding> for Stopped {
    fn from(finding: Finding) -> Self {
        Self {
            exit: finding.weight.exit(),
            reason: finding.text,
        }
    }
}

/// What was found out about a cluster.
pub(super) struct Survey {
    /// Everything that should be otherwise.
    pub(super) findings: Vec<Finding>,
    /// How many brokers there are.
    pub(super) brokers: usize,
    /// How many topics of the pipeline are there.
    pub(super) topics: usize,
}

/// Writes what librdkafka has to complain of to standard error, such as a wrong password.
pub(super) fn log_trouble(config: &Config) {
    process::start_log(&Log {
        level: "off,librdkafka=warn".into(),
        ..config.log
    });
}

/// Looks at everything that can be seen without writing, joining or changing anything.
pub(super) fn survey(config: &Config) -> Survey {
    let kafka = connect::kafka(config, 0);
    let mut survey = Survey {
        findings: Vec::new(),
        brokers: 0,
        topics: 0,
    };
    let admin = Admin::open(&kafka).and_then(|admin| Ok((admin.brokers(REACH)?, admin)));
    let admin = match admin {
        Ok((brokers, admin)) => {
            survey.brokers = brokers;
            admin
        }
        Err(error) => {
            let mut finding = Finding::of(&error);
            finding.text += "; check kafka.bootstrap_servers, and what librdkafka says above";
            survey.findings.push(finding);
            return survey;
        }
    };
    let (shapes, mut findings) = shapes(config, &admin);
    survey.topics = shapes.len();
    let hidden = access::rights(config, &admin, &shapes, &mut findings);
    settings(
        config,
        (&admin, survey.brokers),
        &shapes,
        &hidden,
        &mut findings,
    );
    access::transactions(config, &kafka, &mut findings);
    access::group(config, &kafka, &shapes, &mut findings);
    survey.findings = findings;
    survey
}

/// Fails if a pipeline on this cluster could not go on, or would lose its state.
///
/// # Errors
///
/// Everything that stands against it.
pub(super) fn fit(config: &Config) -> Result<(), Stopped> {
    let kafka: KafkaConfig = connect::kafka(config, 0);
    let admin = Admin::open(&kafka).map_err(|error| Finding::of(&error))?;
    let (shapes, mut findings) = shapes(config, &admin);
    let changelog = &config.state.changelog;
    if shapes.contains_key(changelog) {
        // Who may not see the settings may run all the same.
        match admin.settings(changelog) {
            Ok(settings) => findings.extend(judge::cleanup(
                config,
                Role::Changelog,
                changelog,
                &settings,
            )),
            Err(error) => tracing::debug!(%error, "the changelog's settings cannot be seen"),
        }
    }
    let worst = findings.iter().map(|finding| finding.weight).max();
    let Some(worst) = worst.filter(|worst| worst.exit() != Exit::Ok) else {
        return Ok(());
    };
    let texts: Vec<_> = findings.into_iter().map(|finding| finding.text).collect();
    Err(Stopped {
        exit: worst.exit(),
        reason: texts.join("; "),
    })
}

/// Every topic that is there, and what is wrong with their being there.
fn shapes(config: &Config, admin: &Admin) -> (BTreeMap<String, TopicShape>, Vec<Finding>) {
    let mut shapes = BTreeMap::new();
    let mut findings = Vec::new();
    let mut inputs = Vec::new();
    for Topic { name, role, .. } in topics(config) {
        match admin.shape(&name) {
            Ok(Some(shape)) => {
                if role == Role::Input {
                    inputs.push((name.clone(), shape.partitions));
                }
                shapes.insert(name, shape);
            }
            Ok(None) => findings.push(judge::missing(role, &name)),
            Err(error) => {
                let finding = Finding::of(&error);
                // Nobody answers: the next topic would only take as long again.
                let silent = finding.weight == Weight::Missing;
                findings.push(finding);
                if silent {
                    break;
                }
            }
        }
    }
    findings.extend(unequal_inputs(&inputs));
    let changelog = &config.state.changelog;
    if let (Some((_, count)), Some(shape)) = (inputs.first(), shapes.get(changelog)) {
        findings.extend(unequal_changelog(*count, (changelog, shape.partitions)));
    }
    (shapes, findings)
}

/// What is wrong with the settings of the topics that are there and may be seen.
fn settings(
    config: &Config,
    (admin, brokers): (&Admin, usize),
    shapes: &BTreeMap<String, TopicShape>,
    hidden: &[String],
    findings: &mut Vec<Finding>,
) {
    let mut largest_input = 0;
    for Topic { name, role, .. } in topics(config) {
        let shape = shapes.get(&name).filter(|_| !hidden.contains(&name));
        let Some(shape) = shape else {
            continue;
        };
        let settings = match admin.settings(&name) {
            Ok(settings) => settings,
            Err(error) => {
                findings.push(Finding::of(&error));
                continue;
            }
        };
        findings.extend(judge::cleanup(config, role, &name, &settings));
        if role == Role::Input {
            largest_input = largest_input.max(judge::largest(&settings));
            continue;
        }
        let replicas = (brokers, shape.replication);
        findings.extend(judge::replication(config, &name, replicas, &settings));
        findings.extend(judge::room(config, (role, &name), largest_input, &settings));
    }
}

fn topics(config: &Config) -> impl Iterator<Item = Topic> {
    let inputs = catalogue::inputs(config).into_iter();
    inputs.chain(catalogue::written(config))
}
