//! The maps that are built in, addressed as `builtin:NAME`.

/// What the name of a built-in map begins with in a config.
pub(super) const PREFIX: &str = "builtin:";

/// Every built-in map: its name and its text. The first is the default.
pub const MAPS: &[(&str, &str)] = &[
    (
        "five-stages",
        include_str!("../../deploy/maps/five-stages.yaml"),
    ),
    ("demo", include_str!("../../deploy/maps/demo.yaml")),
];

/// The text of the built-in map `name`.
pub(super) fn text(name: &str) -> Option<&'static str> {
    let (_, text) = MAPS.iter().find(|(other, _)| *other == name)?;
    Some(text)
}
