//! What a confined process tried, for people.

/// Something that a confined process must not do, and tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The system call, by name where it has one here.
    pub call: String,
    /// What it would have done, after "tried to": "open `/etc/passwd`".
    pub what: String,
    /// The thread that tried.
    pub thread: i32,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "tried to {} (`{}`)", self.what, self.call)
    }
}

macro_rules! numbers {
    ($($name:ident)*) => {
        &[$((libc::$name, stringify!($name))),*]
    };
}

/// The calls that a core might try, by number.
#[rustfmt::skip]
const NAMES: &[(libc::c_long, &str)] = numbers! {
    SYS_openat SYS_openat2 SYS_renameat SYS_renameat2 SYS_linkat SYS_unlinkat SYS_mkdirat SYS_symlinkat SYS_mknodat
    SYS_fchmodat SYS_fchownat SYS_fchmod SYS_fchown SYS_utimensat SYS_truncate SYS_setxattr SYS_fsetxattr
    SYS_chdir SYS_fchdir SYS_chroot SYS_mount SYS_umount2 SYS_pivot_root SYS_umask SYS_name_to_handle_at
    SYS_open_by_handle_at SYS_inotify_init1 SYS_fanotify_init SYS_memfd_create SYS_memfd_secret SYS_sync SYS_swapon
    SYS_socket SYS_socketpair SYS_connect SYS_bind SYS_listen SYS_accept SYS_accept4 SYS_sendto SYS_sendmsg SYS_sendmmsg
    SYS_recvfrom SYS_recvmsg SYS_recvmmsg SYS_setsockopt SYS_getsockopt SYS_shutdown
    SYS_clone SYS_clone3 SYS_execve SYS_execveat SYS_wait4 SYS_waitid SYS_kill SYS_tkill SYS_tgkill
    SYS_rt_sigqueueinfo SYS_rt_tgsigqueueinfo SYS_pidfd_open SYS_pidfd_send_signal SYS_pidfd_getfd
    SYS_ptrace SYS_process_vm_readv SYS_process_vm_writev SYS_process_madvise SYS_kcmp SYS_setns SYS_unshare
    SYS_io_uring_setup SYS_io_uring_enter SYS_io_uring_register SYS_io_setup SYS_bpf SYS_perf_event_open
    SYS_userfaultfd SYS_keyctl SYS_add_key SYS_request_key SYS_seccomp SYS_prctl SYS_prlimit64 SYS_setrlimit
    SYS_setuid SYS_setgid SYS_setgroups SYS_capset SYS_setpriority SYS_setsid SYS_setpgid SYS_sched_setaffinity
    SYS_sched_setscheduler SYS_shmget SYS_shmat SYS_semget SYS_msgget SYS_mq_open SYS_ioctl SYS_fcntl SYS_splice SYS_tee
    SYS_vmsplice SYS_sendfile SYS_copy_file_range SYS_reboot SYS_kexec_load SYS_init_module SYS_finit_module
    SYS_settimeofday SYS_clock_settime SYS_adjtimex SYS_sethostname SYS_syslog SYS_personality SYS_quotactl
    SYS_landlock_restrict_self SYS_timer_create SYS_timerfd_create SYS_signalfd4 SYS_personality
};

/// Calls that only older systems have.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const OLD_NAMES: &[(libc::c_long, &str)] = numbers! {
    SYS_open SYS_creat SYS_rename SYS_link SYS_unlink SYS_mkdir SYS_rmdir SYS_symlink SYS_mknod SYS_chmod SYS_chown
    SYS_lchown SYS_utime SYS_utimes SYS_futimesat SYS_fork SYS_vfork SYS_inotify_init SYS_signalfd SYS_iopl SYS_ioperm
    SYS_modify_ldt SYS_alarm
};
#[cfg(not(target_arch = "x86_64"))]
const OLD_NAMES: &[(libc::c_long, &str)] = &[];

/// The name of a system call.
pub(super) fn name(number: libc::c_long) -> String {
    let known = NAMES.iter().chain(OLD_NAMES).find(|(other, _)| *other == number);
    known.map_or_else(|| format!("system call {number}"), |(_, name)| name["SYS_".len()..].to_owned())
}

/// What a call would have done that needs no path to say so: after "tried to".
pub(super) fn purpose(number: libc::c_long, arguments: &[u64; 6], own_process: i32) -> String {
    let text = match number {
        libc::SYS_socket => match arguments[0] as i32 {
            libc::AF_INET | libc::AF_INET6 => "open a socket to the network",
            libc::AF_UNIX => "open a socket to other programs",
            _ => "open a socket",
        },
        libc::SYS_connect
        | libc::SYS_bind
        | libc::SYS_listen
        | libc::SYS_accept
        | libc::SYS_accept4
        | libc::SYS_sendto
        | libc::SYS_sendmsg
        | libc::SYS_sendmmsg
        | libc::SYS_recvfrom
        | libc::SYS_recvmsg
        | libc::SYS_recvmmsg
        | libc::SYS_socketpair => "use a socket",
        libc::SYS_clone | libc::SYS_clone3 => "start a process",
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork | libc::SYS_vfork => "start a process",
        libc::SYS_kill | libc::SYS_tkill | libc::SYS_tgkill | libc::SYS_rt_sigqueueinfo => {
            let target = arguments[0] as i32;
            return match target {
                _ if target == own_process => "send itself a signal".to_owned(),
                0 | -1 => "send signals to other processes".to_owned(),
                _ => format!("send a signal to process {}", target.unsigned_abs()),
            };
        }
        libc::SYS_ptrace
        | libc::SYS_process_vm_readv
        | libc::SYS_process_vm_writev
        | libc::SYS_pidfd_getfd => "reach into a process",
        libc::SYS_memfd_create | libc::SYS_memfd_secret => "make a file in memory",
        libc::SYS_io_uring_setup
        | libc::SYS_io_uring_enter
        | libc::SYS_io_uring_register
        | libc::SYS_io_setup => "do input and output behind the program's back",
        libc::SYS_shmget | libc::SYS_shmat | libc::SYS_semget | libc::SYS_msgget | libc::SYS_mq_open => {
            "share memory or messages with other programs"
        }
        libc::SYS_seccomp | libc::SYS_prctl | libc::SYS_landlock_restrict_self => {
            "change its own confinement"
        }
        _ => "do what only the host may",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_names_or_numbers() {
        assert_eq!(name(libc::SYS_openat), "openat");
        assert_eq!(name(9999), "system call 9999");
        let signal = |target: i32| purpose(libc::SYS_kill, &[target as u64, 9, 0, 0, 0, 0], 7);
        assert_eq!(signal(1), "send a signal to process 1");
        assert_eq!(signal(-1), "send signals to other processes");
        assert_eq!(signal(7), "send itself a signal");
    }
}
