//! The edge's listener and the thread that serves it.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Edge, pages};

/// How long requests that are under way may take once the edge is told to end.
const GRACE: Duration = Duration::from_secs(2);

/// The edge cannot listen where it was told to.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}: {source}; choose another address with `{setting}`")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// The setting or flag that it came from.
    pub setting: &'static str,
    /// What the system says.
    pub source: io::Error,
}

/// A listener that nothing serves yet; connections wait.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens at `address`, which `setting` named; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// [`BindError`] if the address is taken, not ours, or not allowed.
    pub fn bind(address: SocketAddr, setting: &'static str) -> Result<Self, BindError> {
        let error = |source| BindError {
            address,
            setting,
            source,
        };
        let socket = TcpListener::bind(address).map_err(error)?;
        socket.set_nonblocking(true).map_err(error)?;
        let bound = socket.local_addr().map_err(error)?;
        Ok(Self {
            socket,
            address: bound,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the edge until `until` is over; requests under way then have two seconds to end.
    ///
    /// # Errors
    ///
    /// If the runtime cannot take the listener over.
    pub async fn serve(
        self,
        edge: Edge,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.socket)?;
        let (ending, ends) = oneshot::channel::<()>();
        let until = async move {
            until.await;
            // Nobody waits any more if serving has ended by itself.
            drop(ending);
        };
        let serving = axum::serve(listener, pages::router(edge)).with_graceful_shutdown(until);
        tokio::select! {
            result = serving => result,
            () = async { ends.await.ok(); tokio::time::sleep(GRACE).await } => Ok(()),
        }
    }
}

/// The edge on a thread of its own.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    end: oneshot::Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Serves the edge on a new thread.
    ///
    /// # Errors
    ///
    /// If the system has no thread or no event queue left.
    pub fn start(listener: Listener, edge: Edge) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let address = listener.address();
        let (end, ends) = oneshot::channel();
        let until = async {
            // A server that is dropped instead of stopped ends too.
            ends.await.ok();
        };
        let thread = thread::Builder::new()
            .name("http".into())
            .spawn(move || runtime.block_on(listener.serve(edge, until)))?;
        Ok(Self {
            address,
            end,
            thread,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server, after at most two seconds for requests under way.
    ///
    /// # Errors
    ///
    /// What ended it before, if something did.
    pub fn stop(self) -> io::Result<()> {
        drop(self.end);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(io::Error::other("the HTTP thread panicked")))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpStream};
    use std::sync::Arc;

    use super::*;
    use crate::http::Health;
    use crate::metrics::{Registry, fixture};
    use crate::runtime::Observer;

    const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    fn serve() -> (Server, Arc<Health>) {
        let health = Health::new(Duration::from_secs(30));
        let registry = Registry::new(&fixture::maps(), "1.2.3", fixture::MORNING);
        let edge = Edge {
            health: Arc::clone(&health),
            registry,
        };
        let listener = Listener::bind(LOOPBACK, "http.listen").unwrap();
        (Server::start(listener, edge).unwrap(), health)
    }

    /// The status and what follows it, headers included.
    fn get(server: &Server, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    fn body(answer: &str) -> &str {
        answer.split_once("\r\n\r\n").unwrap().1
    }

    /// Asserts what a path answers.
    fn answers(server: &Server, path: &str, status: u16, text: &str) {
        let (found, answer) = get(server, path);
        assert_eq!((found, body(&answer)), (status, text), "{path}");
    }

    #[test]
    fn probes_say_what_is_wrong() {
        let (server, health) = serve();
        let mut observer = health.observer(0);
        let waiting = "[-] assignment: no worker has been told its partitions yet\nnot ok\n";
        answers(&server, "/readyz", 503, waiting);
        observer.assigned(&[4]);
        let checks = "[+] process: ok\n[+] assignment: ok\n[+] partition 4: ok\nok\n";
        answers(&server, "/readyz?verbose", 200, checks);
        answers(&server, "/readyz", 200, "ok\n");
        answers(&server, "/livez", 200, "ok\n");
        answers(&server, "/healthz?verbose=1", 200, "[+] worker 0: ok\nok\n");
        server.stop().unwrap();
    }

    #[test]
    fn metrics_and_the_version_are_served() {
        let (server, _) = serve();
        let (status, metrics) = get(&server, "/metrics");
        assert_eq!(status, 200);
        assert!(metrics.contains("content-type: text/plain; version=0.0.4"));
        assert!(metrics.contains("wayfarer_build_info{version=\"1.2.3\"} 1"));
        let version = r#"{"name":"wayfarer","version":"1.2.3"}"#;
        answers(&server, "/version", 200, version);
        let (_, index) = get(&server, "/");
        for path in ["/metrics", "/livez", "/readyz", "/version"] {
            assert!(body(&index).contains(&format!(">{path}<")), "{path}");
        }
        assert_eq!(get(&server, "/nowhere").0, 404);
        server.stop().unwrap();
    }

    #[test]
    fn an_address_that_is_taken_is_named_with_the_setting_it_came_from() {
        let listener = Listener::bind(LOOPBACK, "http.listen").unwrap();
        let address = listener.address();
        let error = Listener::bind(address, "http.listen")
            .unwrap_err()
            .to_string();
        assert!(error.contains(&address.to_string()), "{error}");
        assert!(error.contains("`http.listen`"), "{error}");
    }

    #[test]
    fn a_stopped_server_gives_its_port_back() {
        let (server, _) = serve();
        let address = server.address();
        let idle = TcpStream::connect(address).unwrap();
        server.stop().unwrap();
        drop(idle);
        Listener::bind(address, "http.listen").unwrap();
    }
}
