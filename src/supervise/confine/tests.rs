//! A child confines itself and tries one thing; its parent watches.

use super::*;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// Tells the child what to try, and where.
const TRY: &str = "MQSCRIPT_CONFINE_TRY";
const FOLDER: &str = "MQSCRIPT_CONFINE_FOLDER";

#[derive(Debug)]
struct Ended {
    violation: Option<Violation>,
    signal: Option<i32>,
    code: Option<i32>,
    said: String,
}

/// Runs a child that tries `what`, in a folder with `in/file`, `out` and `else/file`.
fn child(what: &'static str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    for name in ["in", "out", "else"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("file"), "text").unwrap();
    }
    let (ours, theirs) = UnixStream::pair().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{}::in_the_child", module()), "--nocapture", "--test-threads=1"])
        .env(TRY, what)
        .env(FOLDER, folder.path().canonicalize().unwrap())
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let violation = Arc::new(Mutex::new(None));
    let watcher = receive(ours).unwrap().map(|(listener, limits)| {
        let (first, pid) = (violation.clone(), rustix::process::Pid::from_child(&child));
        let tried = move |violation| {
            first.lock().unwrap().get_or_insert(violation);
            if what != "go on" {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            }
        };
        let process = child.id() as i32;
        std::thread::spawn(move || answer(listener, limits, process, tried))
    });
    let output = child.wait_with_output().unwrap();
    let (signal, code) = (output.status.signal(), output.status.code());
    assert_eq!(watcher.is_some(), !what.starts_with("unwatched"));
    watcher.map_or(Ok(()), |watcher| watcher.join().unwrap()).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + String::from_utf8_lossy(&output.stderr).as_ref();
    Ended { violation: violation.lock().unwrap().take(), signal, code, said }
}

/// The path of this module as the test harness names it.
fn module() -> &'static str {
    module_path!().split_once("::").unwrap().1
}

/// Not a test by itself: what the child does.
#[test]
fn in_the_child() {
    let (Ok(what), Some(folder)) = (std::env::var(TRY), std::env::var_os(FOLDER)) else { return };
    let folder = PathBuf::from(folder);
    let mut limits = AllowedFiles::of_this_process();
    limits.read([folder.join("in")]);
    limits.write([folder.join("out")]);
    if let Some(what) = what.strip_prefix("unwatched ") {
        super::wall::raise(&limits).unwrap();
        let unwatched =
            super::filter::allowing(std::process::id(), super::filter::FilterAction::Kill).unwrap();
        seccompiler::apply_filter(&unwatched).unwrap();
        attempt(what, &folder);
        println!("it got away with it");
        return;
    }
    let stdin = std::os::fd::AsFd::as_fd(&std::io::stdin()).try_clone_to_owned().unwrap();
    let (send, thread) = hand_over(stdin.into(), limits.clone()).unwrap();
    let (confined, listener) = confine(&limits);
    send.send(listener.unwrap()).unwrap();
    thread.join().unwrap().unwrap();
    assert_eq!(confined, Confined::Full);
    attempt(&what, &folder);
    println!("it got away with it");
}

fn c_text(path: &Path) -> std::ffi::CString {
    std::ffi::CString::new(path.to_str().unwrap()).unwrap()
}

/// Whether it succeeds does not matter here: a violation ends the process.
fn attempt(what: &str, folder: &Path) {
    let other = c_text(&folder.join("else/file"));
    let program = c_text(Path::new("/bin/true"));
    // SAFETY: plain system calls on memory that lives until they return; the forked child does nothing but exit.
    unsafe {
        match what {
            "nothing" => harmless(folder),
            "open" => drop(fs::read(folder.join("else/file"))),
            "go on" => {
                println!("open: {}", fs::read(folder.join("else/file")).unwrap_err());
                println!("socket: {}", std::net::UdpSocket::bind("127.0.0.1:0").unwrap_err());
                println!("spawn: {}", Command::new("/bin/true").spawn().unwrap_err());
            }
            "open missing" => drop(fs::read(folder.join("else/missing"))),
            "write" => drop(fs::OpenOptions::new().append(true).open(folder.join("in/file"))),
            "create" => drop(fs::write(folder.join("else/new"), "text")),
            "remove" => drop(fs::remove_file(folder.join("else/file"))),
            "rename" => drop(fs::rename(folder.join("out/file"), folder.join("else/file"))),
            "mkdir" => drop(fs::create_dir(folder.join("in/new"))),
            "chmod" => drop(libc::chmod(other.as_ptr(), 0o777)),
            "truncate" => drop(libc::truncate(other.as_ptr(), 0)),
            "symlink" => drop(std::os::unix::fs::symlink("/etc", folder.join("out/link"))),
            "chdir" => drop(std::env::set_current_dir("/")),
            "socket" => drop(std::net::TcpStream::connect("127.0.0.1:1")),
            "udp" => drop(std::net::UdpSocket::bind("127.0.0.1:0")),
            "local socket" => drop(UnixStream::connect("/run/no")),
            "socket pair" => drop(UnixStream::pair()),
            "fork" => {
                if libc::fork() == 0 {
                    libc::_exit(0);
                }
            }
            "spawn" => drop(Command::new("/bin/true").spawn()),
            "exec" => {
                _ = libc::execve(program.as_ptr(), [std::ptr::null()].as_ptr(), [std::ptr::null()].as_ptr())
            }
            "ptrace" => drop(libc::ptrace(libc::PTRACE_ATTACH, libc::getppid(), 0, 0)),
            "read parent" => {
                let (here, there) = (iovec(folder), iovec(folder));
                libc::process_vm_readv(libc::getppid(), &raw const here, 1, &raw const there, 1, 0);
            }
            "kill" => drop(libc::kill(libc::getppid(), libc::SIGTERM)),
            "uring" => drop(libc::syscall(libc::SYS_io_uring_setup, 4, std::ptr::null_mut::<u8>())),
            "memfd" => drop(libc::memfd_create(c"x".as_ptr(), 0)),
            "filter" => drop(libc::prctl(libc::PR_SET_SECCOMP, 2, 0, 0, 0)),
            "with signals blocked" => {
                let mut all = std::mem::zeroed();
                libc::sigfillset(&raw mut all);
                libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
                libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
            }
            "from a thread" => {
                let path = folder.join("else/file");
                drop(std::thread::spawn(move || fs::read(path)).join());
            }
            other => panic!("`{other}` is nothing to try"),
        }
    }
}

fn iovec(of: &Path) -> libc::iovec {
    libc::iovec { iov_base: of.as_os_str().as_encoded_bytes().as_ptr().cast_mut().cast(), iov_len: 1 }
}

/// The calls that the host makes all the time.
fn harmless(folder: &Path) {
    assert_eq!(fs::read(folder.join("in/file")).unwrap(), b"text");
    fs::write(folder.join("out/new"), "text").unwrap();
    fs::hard_link(folder.join("out/new"), folder.join("out/newer")).unwrap();
    fs::rename(folder.join("out/newer"), folder.join("out/newest")).unwrap();
    fs::remove_file(folder.join("out/new")).unwrap();
    fs::create_dir(folder.join("out/folder")).unwrap();
    assert_eq!(fs::read_dir(folder.join("in")).unwrap().count(), 1);
    assert_eq!(folder.join("in/../in").canonicalize().unwrap(), folder.join("in"));
    assert!(folder.join("else/file").is_file(), "what a file is may be looked at");
    assert!(fs::read_to_string("/proc/thread-self/status").unwrap().contains("Seccomp:\t2"));
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| vec![1_u8; 1 << 22].len())).collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 1 << 22));
    assert!(std::thread::available_parallelism().is_ok());
    std::thread::sleep(std::time::Duration::from_millis(1));
    assert!(std::time::Instant::now().elapsed().as_secs() < 60);
    assert!(std::panic::catch_unwind(|| panic!("caught, with its backtrace")).is_err());
    assert!(!std::backtrace::Backtrace::force_capture().to_string().is_empty());
}

#[test]
fn what_a_run_needs_goes_on() {
    let ended = child("nothing");
    assert_eq!((&ended.violation, ended.code), (&None, Some(0)), "{}", ended.said);
    assert!(ended.said.contains("it got away with it"), "{}", ended.said);
}

#[test]
fn what_is_refused_does_not_happen() {
    let ended = child("go on");
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(ended.violation.unwrap().call, "openat", "the first violation");
    for line in
        ["open: Operation not permitted", "socket: Operation not permitted", "spawn: Operation not permitted"]
    {
        assert!(ended.said.contains(line), "{line}: {}", ended.said);
    }
}

#[test]
fn without_a_listener_files_stay_shut_and_the_rest_is_deadly() {
    let ended = child("unwatched socket");
    assert_eq!((ended.signal, ended.violation), (Some(libc::SIGSYS), None), "{}", ended.said);
    let ended = child("unwatched nothing");
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let ended = child("unwatched go on");
    assert!(ended.said.contains("open: Permission denied"), "{}", ended.said);
    assert_eq!(ended.signal, Some(libc::SIGSYS), "{}", ended.said);
}

#[test]
fn each_deed_is_stopped_and_named() {
    for (what, named) in [
        ("open", "tried to open `FOLDER/else/file` (`openat`)"),
        ("open missing", "tried to open `FOLDER/else/missing` (`openat`)"),
        ("write", "tried to write to `FOLDER/in/file` (`openat`)"),
        ("create", "tried to write to `FOLDER/else/new` (`openat`)"),
        ("remove", "tried to remove `FOLDER/else/file` (`unlink`)"),
        ("rename", "tried to rename `FOLDER/else/file` (`rename`)"),
        ("mkdir", "tried to make the folder `FOLDER/in/new` (`mkdir`)"),
        ("chmod", "tried to change the file `FOLDER/else/file` (`chmod`)"),
        ("truncate", "tried to change the file `FOLDER/else/file` (`truncate`)"),
        ("symlink", "tried to do what only the host may (`symlink`)"),
        ("chdir", "tried to do what only the host may (`chdir`)"),
        ("socket", "tried to open a socket to the network (`socket`)"),
        ("udp", "tried to open a socket to the network (`socket`)"),
        ("local socket", "tried to open a socket to other programs (`socket`)"),
        ("socket pair", "tried to use a socket (`socketpair`)"),
        ("fork", "tried to start a process (`clone`)"),
        ("spawn", "tried to start a process (`clone"),
        ("exec", "tried to run `/bin/true` (`execve`)"),
        ("ptrace", "tried to reach into a process (`ptrace`)"),
        ("read parent", "tried to reach into a process (`process_vm_readv`)"),
        ("kill", "tried to send a signal to process PARENT (`kill`)"),
        ("uring", "tried to do input and output behind the program's back (`io_uring_setup`)"),
        ("memfd", "tried to make a file in memory (`memfd_create`)"),
        ("filter", "tried to change its own confinement (`prctl`)"),
        ("with signals blocked", "tried to open a socket to the network (`socket`)"),
        ("from a thread", "tried to open `FOLDER/else/file` (`openat`)"),
    ] {
        let ended = child(what);
        let violation =
            ended.violation.as_ref().unwrap_or_else(|| panic!("`{what}` was not stopped: {}", ended.said));
        let told = violation.to_string();
        let parent = format!("process {}", std::process::id());
        let told = told.replace(&parent, "process PARENT");
        let told = match (told.find("/tmp"), told.find(".tmp")) {
            (Some(start), Some(name)) => {
                let end = told[name..].find('/').unwrap() + name;
                format!("{}FOLDER{}", &told[..start], &told[end..])
            }
            _ => told,
        };
        // Older C libraries fork where younger ones clone.
        let told = told.replace("`vfork`", "`clone`");
        assert!(told.starts_with(named), "{what}: {told}");
        assert_eq!(ended.signal, Some(libc::SIGKILL), "{what}: {}", ended.said);
        assert!(!ended.said.contains("it got away with it"), "{what}");
    }
}
