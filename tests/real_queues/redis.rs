//! A redis-server of a test's own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use support::program::folder;

/// A server that ends with the test.
pub struct Redis {
    child: Mutex<Child>,
    /// It listens there.
    pub port: u16,
    settings: &'static [&'static str],
    folder: tempfile::TempDir,
}

impl Redis {
    /// Starts it, with these settings.
    pub fn start(settings: &'static [&'static str]) -> Redis {
        let folder = folder();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Mutex::new(Redis::spawn(port, settings, folder.path()));
        Redis { child, port, settings, folder }
    }

    fn spawn(port: u16, settings: &[&str], folder: &Path) -> Child {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string(), "--dir"])
            .arg(folder)
            .args(settings)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    /// How many entries its longest list has.
    fn longest_list(&self) -> u64 {
        let script = "local n = 0; for _, key in ipairs(redis.call('keys', '*')) do \
                      if redis.call('type', key).ok == 'list' then n = math.max(n, redis.call('llen', key)) end end; return n";
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port, "eval", script, "0"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        said.trim().parse().unwrap_or_else(|_| panic!("redis-cli: {said}"))
    }

    /// Kills it when so many messages wait in it, and starts it again.
    pub fn killed_when_it_holds(&self, count: u64) {
        let begun = Instant::now();
        while self.longest_list() < count {
            assert!(begun.elapsed() < Duration::from_secs(60), "so many never wait: {count}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        *child = Redis::spawn(self.port, self.settings, self.folder.path());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}
