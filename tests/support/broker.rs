//! A real Apache Kafka for tests: one node with its own controller, from the jars on Maven Central,
//! started here.
//!
//! Nothing has to be installed but a JDK 17 and Maven; the jars are resolved once and kept in the
//! target folder, next to a formatted data folder that every broker gets a copy of.
//! `WAYFARER_TEST_KAFKA=host:port` names a running cluster to use instead.
//!
//! # How the broker dies with the tests
//!
//! A watchdog (`sh`) reads from a pipe whose other end only this process holds. However this
//! process ends, by return, panic, `abort` or SIGKILL, the kernel closes that end, the read
//! returns, and the watchdog kills the broker and removes its folder. There is nothing to poll, no
//! handler to run, and no thread whose end could be mistaken for the end of the process, which is
//! what makes a parent-death signal unsafe. Broker and watchdog are in process groups of their
//! own, so that a Ctrl-C for the tests reaches the broker by that way only.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use wayfarer::kafka::{Admin, KafkaConfig};

/// How long a start may take on a machine that does ten other things.
const PATIENCE: Duration = Duration::from_secs(180);

const NEEDED: &str = "tests with a broker need a JDK 17 and Maven 3 with access to Maven Central \
                      (Debian: apt-get install openjdk-17-jdk-headless maven), or \
                      WAYFARER_TEST_KAFKA=host:port";

const JAVA: &str = "-Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \
                    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn";

/// The broker that the tests of this process share.
pub(crate) fn shared() -> &'static Broker {
    static SHARED: OnceLock<Broker> = OnceLock::new();
    SHARED.get_or_init(|| match std::env::var("WAYFARER_TEST_KAFKA") {
        Ok(bootstrap) => Broker {
            bootstrap,
            own: None,
        },
        Err(_) => Broker::start(),
    })
}

/// A broker; one that was started here ends when it is dropped.
pub(crate) struct Broker {
    bootstrap: String,
    own: Option<Own>,
}

struct Own {
    folder: PathBuf,
    kit: PathBuf,
    server: Mutex<Option<Child>>,
    watchdog: Child,
}

impl Broker {
    /// Starts a broker of one's own, which may be stopped and killed.
    pub(crate) fn start() -> Self {
        let kit = kit();
        let folder = tempfile::Builder::new()
            .prefix("wayfarer-kafka-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let (port, controller) = free_ports();
        write_properties(&folder, port, controller);
        let data = folder.join("data");
        fs::create_dir(&data).expect("a fresh folder");
        for file in fs::read_dir(kit.join("data")).expect("the kit is complete") {
            let file = file.expect("the kit can be read");
            fs::copy(file.path(), data.join(file.file_name())).expect("a file can be copied");
        }
        let broker = Self {
            bootstrap: format!("127.0.0.1:{port}"),
            own: Some(Own {
                watchdog: watchdog(&folder),
                folder,
                kit,
                server: Mutex::default(),
            }),
        };
        broker.restart();
        broker
    }

    /// Where it listens.
    pub(crate) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Kills it as a power failure would.
    pub(crate) fn kill(&self) {
        let mut server = self.own().lock();
        if let Some(mut running) = server.take() {
            running.kill().expect("the broker can be killed");
            running.wait().expect("a killed broker ends");
            // The number may soon be somebody else's.
            fs::remove_file(self.own().folder.join("pid")).expect("the broker had a number");
        }
    }

    /// Starts it again on the same data and port, and waits until it answers.
    pub(crate) fn restart(&self) {
        self.kill();
        *self.own().lock() = Some(java(&self.own().folder, &self.own().kit, "kafka.Kafka"));
        self.wait_until_ready();
    }

    /// Stops it where it is (SIGSTOP): connections stay, nothing answers.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets a paused broker go on.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let server = self.own().lock();
        let running = server.as_ref().expect("the broker was started");
        let sent = Command::new("sh")
            .args(["-c", "kill -\"$0\" \"$1\"", name, &running.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "no SIG{name}");
    }

    fn own(&self) -> &Own {
        let own = self.own.as_ref();
        own.expect("only a broker that was started here can be stopped: use Broker::start")
    }

    fn wait_until_ready(&self) {
        let started = Instant::now();
        while TcpStream::connect(&self.bootstrap).is_err() {
            let mut server = self.own().lock();
            let running = server.as_mut().expect("the broker was started");
            let ended = running.try_wait().expect("the broker can be waited for");
            assert!(
                ended.is_none() && started.elapsed() < PATIENCE,
                "the broker does not come up:\n{}",
                self.own().log()
            );
            drop(server);
            std::thread::sleep(Duration::from_millis(20));
        }
        let admin = Admin::open(&config(&self.bootstrap)).expect("the settings are sound");
        while let Err(error) = admin.partition_count("none") {
            let late = started.elapsed() > PATIENCE;
            assert!(!late, "the broker does not answer: {error}");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.own.is_some() {
            self.kill();
        }
        if let Some(own) = &mut self.own {
            drop(own.watchdog.stdin.take());
            // It removes the folder; a failure to wait for that is no failure of a test.
            drop(own.watchdog.wait());
        }
    }
}

impl Own {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

/// Runs one of Kafka's programs on the properties in this folder. Its process id is in the folder
/// before it starts, so that the watchdog cannot miss it.
fn java(folder: &Path, kit: &Path, program: &str) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("the broker's log can be written");
    let script = format!(
        "echo $$ > \"$0/pid\"; exec java {JAVA} -Djava.io.tmpdir=\"$0\" -cp \"$1/lib/*\" {program} \
         \"$0/server.properties\""
    );
    Command::new("sh")
        .arg("-c")
        .arg(script)
        .args([folder, kit])
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file can be shared"))
        .stderr(log)
        .spawn()
        .expect("there is a shell")
}

fn watchdog(folder: &Path) -> Child {
    Command::new("sh")
        .args([
            "-c",
            "read -r never; kill -9 \"$(cat \"$0/pid\")\" 2>/dev/null; rm -rf \"$0\"",
        ])
        .arg(folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("there is a shell")
}

/// The folder with the broker's jars (`lib`) and a formatted data folder (`data`), made at the
/// first use.
fn kit() -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let pom = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka/pom.xml");
    let text = fs::read_to_string(pom).expect("tests/kafka/pom.xml is in the repository");
    let version = wayfarer::wire::placement::murmur2(text.as_bytes());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kit = target.join(format!("kafka-{version:08x}"));
    if kit.is_dir() {
        return kit;
    }
    // A name of our own, then a rename: a second process may do the same at the same time.
    let fresh = target.join(format!("kafka-{version:08x}-{}", std::process::id()));
    resolve(pom, &fresh.join("lib"));
    write_properties(&fresh, 9092, 9093);
    let mut formatting = java(
        &fresh,
        &fresh,
        "kafka.tools.StorageTool format -t wayfarerwayfarerwayfar -c",
    );
    let done = formatting.wait().expect("the storage tool ends");
    assert!(done.code() != Some(127), "{NEEDED}; there is no java");
    let log = fresh.join("log");
    assert!(done.success(), "{NEEDED}; see {}", log.display());
    if fs::rename(&fresh, &kit).is_err() {
        fs::remove_dir_all(&fresh).expect("our own folder can be removed");
    }
    kit
}

fn resolve(pom: &str, lib: &Path) {
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f", pom, "dependency:copy-dependencies"])
        .arg("-DincludeScope=runtime")
        .arg(format!("-DoutputDirectory={}", lib.display()))
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            let said = said.lines().find(|line| line.contains("ERROR"));
            panic!("{NEEDED}; mvn said: {}", said.unwrap_or("nothing"));
        }
        Err(error) => panic!("{NEEDED}; mvn: {error}"),
    }
}

/// Two ports that were free a moment ago.
fn free_ports() -> (u16, u16) {
    let bind = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (one, other) = (bind(), bind());
    let port = |listener: &TcpListener| listener.local_addr().expect("a bound port").port();
    (port(&one), port(&other))
}

fn write_properties(folder: &Path, port: u16, controller: u16) {
    let data = folder.join("data");
    let text = format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=1
num.io.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.dedupe.buffer.size=8388608
",
        data.display()
    );
    fs::write(folder.join("server.properties"), text).expect("properties can be written");
}

/// The least that a client of this cluster needs to be told.
pub(crate) fn config(bootstrap: &str) -> KafkaConfig {
    KafkaConfig {
        bootstrap_servers: bootstrap.to_owned(),
        group_id: "test".to_owned(),
        client_id: "test".to_owned(),
        group_instance_id: None,
        session_timeout: Duration::from_secs(30),
        transactional_id: None,
        transaction_timeout: Duration::from_secs(10),
        inputs: vec!["none".to_owned()],
        outputs: BTreeMap::new(),
        changelog: None,
        librdkafka: BTreeMap::new(),
        // A member learns of a rebalance by a heartbeat.
        librdkafka_consumer: [("heartbeat.interval.ms".to_owned(), "100".to_owned())].into(),
        librdkafka_producer: BTreeMap::new(),
    }
}
