//! Seccomp: which system calls go through without being looked at.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use std::collections::BTreeMap;
use std::env::consts::ARCH;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Failed = seccompiler::BackendError;

/// The fate of a call that is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FilterAction {
    /// The call waits for the listener.
    Ask,
    /// The process is killed, but opening and moving files is left to Landlock.
    Kill,
}

/// A mark for what seccompiler has no word for: "ask the listener". No other action of ours has this value.
const MARK: SeccompAction = SeccompAction::Trace(0x6d71);

/// Memory, threads, time, signals to oneself, and open files: what it takes to compute. Nothing here reaches outside of
/// the process but through what is open already, and nothing here takes a path but to look at what a file is.
#[rustfmt::skip]
const ALLOWED: &[i64] = &[
    // Memory.
    libc::SYS_brk, libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mprotect, libc::SYS_mremap, libc::SYS_madvise,
    libc::SYS_mincore, libc::SYS_membarrier, libc::SYS_mlock, libc::SYS_munlock, libc::SYS_msync,
    // Threads. The kernel has no word for "a new thread" but flags: see `of_thread`.
    libc::SYS_set_robust_list, libc::SYS_get_robust_list, libc::SYS_rseq, libc::SYS_set_tid_address, libc::SYS_futex,
    libc::SYS_gettid, libc::SYS_exit, libc::SYS_exit_group, libc::SYS_sched_yield, libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam, libc::SYS_sched_getscheduler, libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min, libc::SYS_getcpu, libc::SYS_restart_syscall, FUTEX_WAKE, FUTEX_WAIT,
    FUTEX_REQUEUE, FUTEX_WAITV,
    // Who and where.
    libc::SYS_getpid, libc::SYS_getppid, libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid, libc::SYS_getegid,
    libc::SYS_getresuid, libc::SYS_getresgid, libc::SYS_getpgid, libc::SYS_getsid, libc::SYS_uname, libc::SYS_sysinfo,
    libc::SYS_getrusage, libc::SYS_times, libc::SYS_getrandom, libc::SYS_getcwd, libc::SYS_getrlimit,
    // Signals, within.
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_sigaltstack,
    libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigsuspend, libc::SYS_rt_sigpending,
    // Time.
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_gettimeofday, libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    // What is open already.
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_pread64, libc::SYS_pwrite64,
    libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_lseek, libc::SYS_close,
    libc::SYS_close_range, libc::SYS_dup, libc::SYS_dup3, libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_ftruncate,
    libc::SYS_fallocate, libc::SYS_fadvise64, libc::SYS_getdents64, libc::SYS_flock, libc::SYS_fstat, libc::SYS_fstatfs,
    libc::SYS_ppoll, libc::SYS_pselect6, libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait,
    libc::SYS_eventfd2, libc::SYS_pipe2,
    // What a file is, but not what is in it.
    libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_readlinkat,
    libc::SYS_statfs,
];

/// The younger futex calls, which libc does not name on every system yet; their numbers are the same on all.
const FUTEX_WAITV: i64 = 449;
const FUTEX_WAKE: i64 = 454;
const FUTEX_WAIT: i64 = 455;
const FUTEX_REQUEUE: i64 = 456;

/// Calls that only older systems have.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const ALLOWED_OLD: &[i64] = &[
    libc::SYS_time, libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_wait, libc::SYS_epoll_create, libc::SYS_pipe,
    libc::SYS_eventfd, libc::SYS_dup2, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_readlink,
    libc::SYS_getpgrp, libc::SYS_pause, libc::SYS_getdents,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_OLD: &[i64] = &[];

/// Opening and moving files: looked at by the watcher, bounded by Landlock.
#[rustfmt::skip]
pub(super) const ON_PATHS: &[i64] = &[
    libc::SYS_openat, libc::SYS_openat2, libc::SYS_renameat, libc::SYS_renameat2, libc::SYS_linkat, libc::SYS_unlinkat,
    libc::SYS_mkdirat,
];
#[cfg(target_arch = "x86_64")]
pub(super) const ON_PATHS_OLD: &[i64] = &[
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_rename,
    libc::SYS_link,
    libc::SYS_unlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const ON_PATHS_OLD: &[i64] = &[];

/// `clone3` keeps its flags in memory, where no filter sees them. Where it does not exist, C libraries use `clone`.
///
/// # Errors
/// Not for this machine's processor.
pub(super) fn without_clone3() -> Result<BpfProgram, Failed> {
    let rules = BTreeMap::from([(libc::SYS_clone3, vec![])]);
    let missing = SeccompAction::Errno(libc::ENOSYS as u32);
    SeccompFilter::new(rules, SeccompAction::Allow, missing, architecture()?)?.try_into()
}

/// The filter for the process `own`.
///
/// # Errors
/// Not for this machine's processor.
pub(super) fn allowing(own: u32, otherwise: FilterAction) -> Result<BpfProgram, Failed> {
    let mut rules: Rules = ALLOWED.iter().chain(ALLOWED_OLD).map(|number| (*number, vec![])).collect();
    rules.insert(libc::SYS_clone3, vec![]);
    rules.insert(libc::SYS_clone, vec![of_thread()?]);
    let to_itself = SeccompRule::new(vec![is(0, u64::from(own))?])?;
    for number in [libc::SYS_tgkill, libc::SYS_kill, libc::SYS_rt_tgsigqueueinfo] {
        rules.insert(number, vec![to_itself.clone()]);
    }
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![is(0, 0)?, is(2, 0)?])?]);
    rules.insert(
        libc::SYS_prctl,
        one_of(0, &[libc::PR_SET_NAME as u64, libc::PR_GET_NAME as u64, PR_SET_VMA])?,
    );
    rules.insert(libc::SYS_fcntl, one_of(1, &FCNTL.map(|command| command as u64))?);
    rules.insert(libc::SYS_ioctl, one_of(1, &IOCTL)?);
    if otherwise == FilterAction::Kill {
        rules.insert(libc::SYS_unshare, vec![SeccompRule::new(vec![is(0, super::judge::KEEPER)?])?]);
        rules.extend(ON_PATHS.iter().chain(ON_PATHS_OLD).map(|number| (*number, vec![])));
    }
    let refuse = match otherwise {
        FilterAction::Ask => MARK,
        FilterAction::Kill => SeccompAction::KillProcess,
    };
    let mark = u32::from(MARK);
    let mut program: BpfProgram =
        SeccompFilter::new(rules, refuse, SeccompAction::Allow, architecture()?)?.try_into()?;
    for instruction in program.iter_mut().filter(|instruction| instruction.k == mark) {
        instruction.k = libc::SECCOMP_RET_USER_NOTIF;
    }
    Ok(program)
}

const PR_SET_VMA: u64 = 0x53564d41;

const FCNTL: [i32; 10] = [
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
    libc::F_GET_SEALS,
];

/// What a terminal is, and how a descriptor behaves. Not the listener's own requests: no thread may answer for itself.
#[allow(clippy::unnecessary_cast, reason = "the type differs between C libraries")]
const IOCTL: [u64; 7] = [
    libc::TCGETS as u64,
    libc::TIOCGWINSZ as u64,
    libc::TIOCGPGRP as u64,
    libc::FIONREAD as u64,
    libc::FIONBIO as u64,
    libc::FIOCLEX as u64,
    TCGETS2,
];
const TCGETS2: u64 = 0x802c_542a;

/// A thread of this process, and nothing that would be a process.
fn of_thread() -> Result<SeccompRule, Failed> {
    let thread = (libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_SIGHAND) as u64;
    let spaces = (libc::CLONE_NEWNS
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWCGROUP) as u64;
    let masked = SeccompCmpOp::MaskedEq(thread | spaces);
    SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Qword, masked, thread)?])
}

fn is(argument: u8, value: u64) -> Result<SeccompCondition, Failed> {
    // The kernel reads the low half only, and callers leave what they like in the high half.
    let width = if argument == 2 { SeccompCmpArgLen::Qword } else { SeccompCmpArgLen::Dword };
    SeccompCondition::new(argument, width, SeccompCmpOp::Eq, value & 0xffff_ffff)
}

fn one_of(argument: u8, values: &[u64]) -> Result<Vec<SeccompRule>, Failed> {
    values.iter().map(|value| SeccompRule::new(vec![is(argument, *value)?])).collect()
}

fn architecture() -> Result<TargetArch, Failed> {
    ARCH.try_into()
}
