//! What the verbs write and how they end.

use super::*;

/// What a command line writes and how it ends.
fn output(args: &[&str], env: &[(&str, &str)]) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let world = World {
        env: env
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        console: Console::new(&mut out, &mut err),
    };
    let exit = run(args.iter().map(OsString::from), world);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (exit, text(out), text(err))
}

/// Runs the command in the first line of each file in `tests/golden/config` and compares all that
/// it writes with the text beside it; `UPDATE_GOLDEN=1` rewrites that text.
#[test]
fn what_is_said_of_each_file_is_what_stands_beside_it() {
    let folder = std::path::Path::new("tests/golden/config");
    let mut seen = 0;
    let mut wrong = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    for file in files {
        let yaml = std::fs::read_to_string(&file).unwrap();
        let command = yaml
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# $ "));
        let words: Vec<_> = command.unwrap().split_whitespace().collect();
        let begin = words.iter().position(|word| *word == "wayfarer").unwrap();
        let env: Vec<_> = words[..begin]
            .iter()
            .map(|word| word.split_once('=').unwrap())
            .collect();
        let (exit, out, err) = output(&words[begin..], &env);
        let said = format!("{out}{err}exit {}\n", exit.code());
        let beside = file.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&beside, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        if said != expected {
            wrong.push(format!("{}:\n{said}", file.display()));
        }
        seen += 1;
    }
    assert!(seen > 5, "only {seen} files");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_command_line_ends_with_64_and_help_with_0() {
    assert_eq!(output(&["wayfarer", "valdate"], &[]).0, Exit::Usage);
    assert_eq!(
        output(&["wayfarer", "echo", "--nonsense"], &[]).0,
        Exit::Usage
    );
    let (exit, help, _) = output(&["wayfarer", "validate", "--help"], &[]);
    assert_eq!(exit, Exit::Ok);
    assert!(help.contains("validate -c wayfarer.yaml"), "{help}");
    let version = output(&["wayfarer", "--version"], &[]);
    let expected = concat!("wayfarer ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(version, (Exit::Ok, expected.into(), String::new()));
}

#[test]
fn the_environment_names_the_config_when_no_argument_does() {
    let env = [("WAYFARER_CONFIG", "tests/golden/config/no-such-file.yaml")];
    let (exit, _, err) = output(&["wayfarer", "validate"], &env);
    assert_eq!(exit, Exit::Config);
    assert!(
        err.contains("no-such-file.yaml:1:1: cannot be read"),
        "{err}"
    );
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_verb_quietly() {
    struct Closed;
    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut closed, mut err) = (Closed, Vec::new());
    let world = World {
        env: BTreeMap::new(),
        console: Console::new(&mut closed, &mut err),
    };
    let exit = run(["wayfarer", "echo"].map(OsString::from), world);
    assert_eq!((exit, err.len()), (Exit::Ok, 0));
}
