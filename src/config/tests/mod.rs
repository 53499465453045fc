//! Whole configs and maps, right and wrong.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::domain::{Millis, vocabulary};

fn load_text(text: &str) -> Result<Loaded, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wayfarer.yaml");
    std::fs::write(&file, text).unwrap();
    load(&Given {
        file: Some(&file),
        env: &BTreeMap::new(),
        set: &[],
    })
}

#[test]
fn an_empty_file_gives_the_defaults() {
    for text in ["", "# nothing\n", "{}", "---\n"] {
        let loaded = load_text(text).unwrap();
        assert_eq!(loaded.config, Config::default(), "{text:?}");
        assert_eq!(&*loaded.maps.maps[0].id, "five-stages");
    }
}

#[test]
fn what_echo_prints_is_a_config_with_the_same_meaning() {
    let given = load(&Given {
        file: Some(Path::new("tests/golden/config/echo.yaml")),
        env: &[("HOSTNAME".into(), "pod-7".into())].into(),
        set: &["log.level=debug".to_owned()],
    })
    .unwrap();
    let mut again = load_text(&given.effective.to_yaml()).unwrap();
    for (name, property) in &given.config.kafka.librdkafka {
        if property.secret {
            let read = again.config.kafka.librdkafka.get_mut(name).unwrap();
            assert_eq!(read.value, "********", "{name}");
            *read = property.clone();
        }
    }
    assert_eq!(again.config, given.config);
    assert_eq!(again.specs, given.specs);
}

#[test]
fn secrets_are_never_shown() {
    let file = Path::new("tests/golden/config/echo.yaml");
    let loaded = load(&Given {
        file: Some(file),
        env: &[("HOSTNAME".into(), "pod-7".into())].into(),
        set: &[],
    })
    .unwrap();
    let shown = format!("{:?}\n{}", loaded.config, loaded.effective.to_yaml());
    assert_eq!(
        loaded.config.kafka.librdkafka["sasl.username"].value,
        "wayfarer-user"
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("wayfarer-user"),
        "{shown}"
    );
}

#[test]
fn the_later_source_wins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wayfarer.yaml");
    std::fs::write(&file, "workers: 3\napp: a\nkafka: {group_id: g}\n").unwrap();
    let env: BTreeMap<String, String> = [
        ("WAYFARER__WORKERS", "4"),
        ("WAYFARER__KAFKA__GROUP_ID", "h"),
        ("WAYFARER__INPUTS__0__TOPIC", "seen"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    let set = ["workers=5".to_owned(), "types=[a_b, c_d]".to_owned()];
    let loaded = load(&Given {
        file: Some(&file),
        env: &env,
        set: &set,
    })
    .unwrap();
    let config = loaded.config;
    assert_eq!(
        (config.workers, &*config.app, &*config.kafka.group_id),
        (5, "a", "h")
    );
    assert_eq!(config.inputs[0].topic, "seen");
    assert_eq!(config.types, ["a_b", "c_d"]);
    assert_eq!(config.outputs.alerts.topic, "a.alerts");
}

#[test]
fn maps_are_found_beside_the_config() {
    let folder = tempfile::tempdir().unwrap();
    let map = "map: m\nstages: [{id: s, on: page_viewed}]\n";
    std::fs::write(folder.path().join("m.yaml"), map).unwrap();
    let file = folder.path().join("wayfarer.yaml");
    std::fs::write(&file, "maps: m.yaml\n").unwrap();
    let loaded = load(&Given {
        file: Some(&file),
        env: &BTreeMap::new(),
        set: &[],
    })
    .unwrap();
    assert_eq!(loaded.specs[0].id, "m");
}

#[test]
fn every_built_in_map_is_without_warnings() {
    for (name, _) in BUILTIN_MAPS {
        let path = format!("builtin:{name}").into();
        let loaded = load_maps(&[path], &Config::default()).unwrap();
        assert_eq!(loaded.warnings, Problems::default(), "{name}");
        assert_eq!(&loaded.specs[0].id, name);
    }
    let shop = builtin_map("five-stages").unwrap();
    assert_eq!(shop.stages.len(), 5);
    assert_eq!(
        shop.abandonments[0].again,
        [Millis::from_hours(24), Millis::from_hours(72)]
    );
    assert_eq!(builtin_map("no-such-map"), None);
}

#[test]
fn the_map_and_mapping_of_the_ecom_set_are_in_order() {
    let maps = load_maps(&["tests/data/ecom/map.yaml".into()], &Config::default()).unwrap();
    assert_eq!(maps.warnings, Problems::default());
    assert_eq!(maps.specs[0].session.gap, Millis::from_minutes(30));
    let mapping = load_mapping(Path::new("tests/data/ecom/mapping.yaml")).unwrap();
    for kind in mapping.types.values() {
        assert!(vocabulary::KINDS.contains(&kind.as_str()), "{kind}");
    }
    assert_eq!(mapping.at, From::Path(vec!["timestamp".into()]));
    assert_eq!(
        mapping.time,
        TimeFormat::Pattern("%Y-%m-%d %H:%M:%S".into())
    );
}

#[test]
fn what_is_too_large_or_too_deep_is_refused() {
    let deep = "[".repeat(10_000);
    let bombs = [
        "a: ".to_owned() + &deep,
        "x".repeat(2 << 20),
        format!("types: [{}]", "a, ".repeat(60_000)),
        "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n\
         c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n\
         d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n\
         e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n\
         f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n"
            .to_owned(),
        "a: &a [*a]\n".to_owned(),
        "- ".repeat(10_000),
    ];
    for bomb in &bombs {
        let problems = load_text(bomb).unwrap_err();
        assert!(problems.errors() > 0, "{bomb:.40}");
    }
}

/// Lines that a config or a map is made of, right and wrong.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[ ]{0,6}(app|kafka|maps|inputs|time|limits|stages|id|on|map|topic|- id|- on): ?",
        "[ ]{0,6}(- )?(workers|gap|after|again|idle|level): (2|30m|x|\\[1h, 2h\\]|\\$\\{A\\}|\\{)",
        "[ ]{0,4}[-a-z:{}\\[\\]&*!|>'\"%@`#, ]{0,12}",
        ".{0,12}",
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_a_config_or_an_error(text in lines()) {
        if let Err(problems) = load_text(&text) {
            prop_assert!(problems.errors() > 0);
            for problem in &problems {
                prop_assert!(!problem.to_string().is_empty());
            }
        }
    }

    #[test]
    fn any_text_is_a_map_or_an_error(text in lines()) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("map.yaml");
        std::fs::write(&file, format!("map: m\nstages:\n{text}")).unwrap();
        let loaded = load_maps(&[file], &Config::default());
        prop_assert!(loaded.is_ok() || loaded.is_err_and(|problems| problems.errors() > 0));
    }
}
