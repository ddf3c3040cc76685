//! A real server for one test: on a port of its own, with a store that goes with it.

use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Long enough for the slowest machine; nothing waits for it unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server. It is killed when the test ends, however it ends.
pub struct Server {
    child: Child,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
    port: u16,
    monitor: u16,
}

/// The server's program, where it is installed.
fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/usr/local/bin"].map(PathBuf::from);
    std::env::split_paths(&folders)
        .chain(more)
        .map(|folder| folder.join("nats-server"))
        .find(|path| path.is_file())
}

impl Server {
    /// A server with JetStream; `None`, with a word why, where there is no program `nats-server`.
    pub fn start() -> Option<Server> {
        Server::with(&["--jetstream"])
    }

    /// A server with these arguments.
    pub fn with(arguments: &[&str]) -> Option<Server> {
        Server::configured("", arguments)
    }

    /// A server with a configuration of its own, too.
    pub fn configured(config: &str, arguments: &[&str]) -> Option<Server> {
        let Some(program) = program() else {
            assert!(
                std::env::var_os("MQSCRIPT_NO_SKIP").is_none(),
                "there is no program nats-server, and MQSCRIPT_NO_SKIP is set (Debian: apt-get install nats-server)"
            );
            println!("skipped: there is no program nats-server (Debian: apt-get install nats-server)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        if !config.is_empty() {
            let path = folder.path().join("server.conf");
            fs::write(&path, config).expect("the configuration");
            arguments.extend(["--config".to_owned(), path.to_str().expect("UTF-8").to_owned()]);
        }
        let child = spawn(&program, folder.path(), &arguments, -1, -1);
        let mut server = Server { child, program, arguments, folder, port: 0, monitor: 0 };
        (server.port, server.monitor) = server.ports();
        Some(server)
    }

    /// The ports that it chose, once it has said them.
    fn ports(&mut self) -> (u16, u16) {
        let file = self.folder.path().join(format!("nats-server_{}.ports", self.child.id()));
        let start = Instant::now();
        loop {
            let said = fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
            if let Some(said) = said {
                let port = |kind: &str| {
                    let url = said[kind][0].as_str().expect("a url");
                    url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port")
                };
                return (port("nats"), port("monitoring"));
            }
            if let Some(status) = self.child.try_wait().expect("its state") {
                panic!("the server ended with {status}: {}", self.log());
            }
            assert!(start.elapsed() < PATIENCE, "the server does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it wrote of itself.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The folder that it keeps everything in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }

    /// Starts it again on the same port and the same store.
    pub fn start_again(&mut self) {
        let (port, monitor) = (i32::from(self.port), i32::from(self.monitor));
        self.child = spawn(&self.program, self.folder.path(), &self.arguments, port, monitor);
        assert_eq!(self.ports(), (self.port, self.monitor));
    }

    /// Stops it where it stands, or lets it go on. When `-STOP` returns, none of its threads runs any more.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("a program `kill`").success());
        let start = Instant::now();
        while signal == "-STOP" && !self.stands_still() {
            assert!(start.elapsed() < PATIENCE, "the server does not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether all of its threads are stopped.
    fn stands_still(&self) -> bool {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("Linux");
        let stopped = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('T'))
        };
        tasks.flatten().all(stopped)
    }

    /// Bytes that have come to its port and that it has not read.
    pub fn unread(&self) -> u64 {
        let table = fs::read_to_string("/proc/net/tcp").expect("Linux");
        let port = format!(":{:04X}", self.port);
        let unread = |line: &str| {
            let mut words = line.split_whitespace().skip(1);
            words.next()?.ends_with(&port).then_some(())?;
            let (_, received) = words.nth(2)?.split_once(':')?;
            u64::from_str_radix(received, 16).ok()
        };
        table.lines().filter_map(unread).sum()
    }

    /// What its monitoring page says.
    pub fn monitor(&self, page: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.monitor)).expect("the monitoring port");
        write!(stream, "GET {page} HTTP/1.0\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
        serde_json::from_str(body).expect("JSON")
    }
}

fn spawn(program: &Path, folder: &Path, arguments: &[String], port: i32, monitor: i32) -> Child {
    let log = folder.join("server.log");
    Command::new(program)
        .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--http_port", &monitor.to_string()])
        .arg("--ports_file_dir")
        .arg(folder)
        .arg("--store_dir")
        .arg(folder.join("store"))
        .arg("--log")
        .arg(log)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts")
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
