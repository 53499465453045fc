//! A process of `wayfarer run`, watched through its log.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wayfarer::domain::EventTime;

use crate::on_kafka::KafkaWorld;

/// How long anything may take on a machine that does ten other things.
const PATIENCE: Duration = Duration::from_secs(240);

/// A running process.
pub(crate) struct Stage {
    process: Child,
    folder: TempDir,
}

impl Stage {
    /// Starts a process on the world's topics, in the world's group, with further settings.
    pub(crate) fn start(world: &KafkaWorld, settings: &str) -> Self {
        Self::start_with(world, settings, &[])
    }

    /// The same with settings that are given on the command line.
    pub(crate) fn start_with(world: &KafkaWorld, settings: &str, set: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let config = format!(
            "{settings}\n\
             app: {}\n\
             inputs: [{{topic: {}}}]\n\
             kafka: {{bootstrap_servers: \"{}\", session_timeout: 10s, \
             transaction_timeout: 5s}}\n\
             workers: 1\n\
             http: {{listen: \"127.0.0.1:0\"}}\n\
             log: {{format: json, level: \"info,wayfarer::runtime=debug\"}}\n",
            world.config.group_id,
            world.input(),
            world.config.bootstrap_servers,
        );
        fs::write(folder.path().join("wayfarer.yaml"), config).expect("the config is written");
        let log = File::create(folder.path().join("log")).expect("the log is created");
        let process = Command::new(env!("CARGO_BIN_EXE_wayfarer"))
            .args(["run", "--config"])
            .arg(folder.path().join("wayfarer.yaml"))
            .args(set.iter().flat_map(|setting| ["--set", setting]))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        Self { process, folder }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What the process serves at `/metrics` now; nothing before it serves.
    pub(crate) fn scrape(&self) -> String {
        let Some(address) = self.address() else {
            return String::new();
        };
        let mut stream = TcpStream::connect(address).expect("the process serves");
        stream
            .write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .expect("the process listens");
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        read.expect("the process answers in text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        body.to_owned()
    }

    /// Where the process serves its metrics.
    fn address(&self) -> Option<String> {
        self.log().lines().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            let address = line["fields"]["address"].as_str()?;
            Some(address.to_owned())
        })
    }

    /// The partitions that the process has now.
    pub(crate) fn owned(&self) -> Vec<u32> {
        let changes = ["partitions assigned", "partitions released"];
        let line = self.log().lines().rev().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            let message = line["fields"]["message"].as_str()?;
            changes
                .contains(&message)
                .then(|| line["fields"]["partitions"].clone())
        });
        let owned = line.and_then(|owned| serde_json::from_str(owned.as_str()?).ok());
        owned.unwrap_or_default()
    }

    /// Every idle step: which partition, and where its watermark was moved to.
    pub(crate) fn idle_steps(&self) -> Vec<(u32, EventTime)> {
        steps(&self.log())
    }

    /// Whether every partition that the process has was proven silent since it got the last one.
    pub(crate) fn is_silent(&self) -> bool {
        let log = self.log();
        let assigned = log.rfind("partitions assigned").unwrap_or(0);
        let released = log.rfind("partitions released").unwrap_or(0);
        let since = steps(&log[assigned.max(released)..]);
        let silent: BTreeSet<u32> = since.into_iter().map(|(partition, _)| partition).collect();
        self.owned()
            .iter()
            .all(|partition| silent.contains(partition))
    }

    /// Waits until something holds; fails with the log if the process ends before.
    pub(crate) fn wait_for(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            let ended = self.process.try_wait().expect("the process can be asked");
            let log = self.log();
            let tail = &log[log.len().saturating_sub(3_000)..];
            assert!(
                ended.is_none(),
                "it ended with {ended:?} while waiting for {what}: {tail}"
            );
            assert!(
                began.elapsed() < PATIENCE,
                "waiting for {what} took too long: {tail}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// How often the log has a message.
    pub(crate) fn told(&self, message: &str) -> usize {
        let message = format!("\"message\":\"{message}\"");
        self.log().matches(&message).count()
    }

    /// The last line of the log.
    pub(crate) fn last_line(&self) -> String {
        self.log().lines().last().unwrap_or_default().to_owned()
    }

    /// Fails with the log if the process has ended.
    pub(crate) fn assert_runs(&mut self) {
        let ended = self.process.try_wait().expect("the process can be asked");
        let log = self.log();
        let tail = &log[log.len().saturating_sub(3_000)..];
        assert!(ended.is_none(), "it ended with {ended:?}: {tail}");
    }

    /// Kills the process as a power failure would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("the process can be killed");
        self.process.wait().expect("a killed process ends");
    }

    /// Stops the process where it is.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets a paused process go on.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    /// Sends the signal that ends a pod.
    pub(crate) fn tell_to_stop(&self) {
        self.signal("TERM");
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let told = Command::new("kill").args(["-s", name, &id]).status();
        assert!(
            told.is_ok_and(|status| status.success()),
            "kill reaches the process"
        );
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let ended = self.process.wait();
        ended.expect("the process can be waited for").code()
    }

    /// Tells the process to stop and returns what it ends with.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.tell_to_stop();
        self.exit_code()
    }
}

/// The idle steps that a stretch of the log tells of, in order.
fn steps(log: &str) -> Vec<(u32, EventTime)> {
    let step = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let fields = &line["fields"];
        let partition = u32::try_from(fields["partition"].as_u64()?).ok()?;
        let watermark = EventTime::from_millis(fields["watermark"].as_i64()?);
        (fields["message"] == "idle step").then_some((partition, watermark))
    };
    log.lines().filter_map(step).collect()
}

impl Drop for Stage {
    #[expect(clippy::print_stderr, reason = "where the log of a failed test is")]
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("its log is kept: {}/log", self.folder.path().display());
        }
    }
}
