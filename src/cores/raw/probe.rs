//! A core that was made: its control calls, each on the calling thread.

use super::super::capabilities::combined;
use super::super::control::Reply;
use super::inner::Below;
use super::session::ProbeSession;
use super::stage::{RawHost, WAKER};
use super::subject::Subject;
use mqscript_plugin::abi::{self, RawCore, RawSession};
use std::ptr;
use std::sync::Arc;

/// A call that did not return OK, or returned OK and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status that the call returned.
    pub status: i32,
    /// The text that the core gave.
    pub text: String,
}

/// What the function `stats` answered.
#[derive(Debug)]
pub struct StatsAnswer {
    /// The full length that `stats` reported, in bytes.
    pub len: u64,
    /// The buffer it was given, up to its room.
    pub bytes: Vec<u8>,
    /// Whether the core wrote behind the end of the buffer.
    pub beyond: bool,
}

/// A core that exists, and the one below it. It must be [destroyed](Probe::destroy); dropping it leaves it as it is.
pub struct Probe {
    pub(super) subject: Arc<Subject>,
    pub(super) stage: Arc<RawHost>,
    pub(super) raw: *mut RawCore,
    pub(super) below: Option<Box<Probe>>,
    /// The effective capabilities of the core.
    pub effective: u64,
    /// Where the options stood. Whoever looks at them after `create` must not crash, but be told what it does.
    _options: Vec<u8>,
}

// SAFETY: the contract lets control calls come from any thread, one at a time.
unsafe impl Send for Probe {}

impl Reply {
    /// What came of a call of `function`; what it wrote to that was only lent is noted on the stage.
    fn refused(mut self, function: &str, stage: &RawHost) -> Result<(), Refusal> {
        stage.look_over(function);
        if let Some(text) = self.breach.take() {
            stage.notes().touch(format!("in `{function}` {text}"));
        }
        match self.status {
            abi::OK => Ok(()),
            status => Err(Refusal { status, text: self.text }),
        }
    }
}

impl Probe {
    /// Calls `create`, of the core below first. With `scribble` the memory of the options is overwritten right after.
    ///
    /// # Errors
    /// A status; or OK, but no core.
    pub fn create(
        subject: &Arc<Subject>,
        stage: &Arc<RawHost>,
        seed: u64,
        scribble: bool,
    ) -> Result<Probe, Refusal> {
        let below = match &subject.below {
            Some(below) => Some(Box::new(Probe::create(below, stage, seed, false)?)),
            None => None,
        };
        let mut options = serde_json::Value::Object(subject.options().clone()).to_string().into_bytes();
        let (mut raw, mut effective) = (ptr::null_mut(), 0);
        (subject.trail)("create");
        let told = Reply::by(|error| {
            let text = abi::Str { ptr: options.as_ptr(), len: options.len() as u64 };
            // SAFETY: "`host` and `run` stay valid until `destroy` returns": the stage is kept by the probe.
            unsafe {
                let (host, run) = (stage.host.pointer(), stage.run.raw());
                (subject.vetted.calls.create)(host, text, run, seed, &mut raw, &mut effective, error)
            }
        });
        if scribble {
            options.fill(b'#');
        }
        let refused = told.refused("create", stage).err().or_else(|| {
            let text = "it returned OK, but no core".to_owned();
            raw.is_null().then_some(Refusal { status: abi::OK, text })
        });
        match refused {
            Some(refusal) => {
                if let Some(below) = below {
                    below.destroy();
                }
                Err(refusal)
            }
            None => Ok(Probe {
                subject: subject.clone(),
                stage: stage.clone(),
                raw,
                below,
                effective,
                _options: options,
            }),
        }
    }

    /// The capabilities that the core and all below it have together.
    pub fn effective_of_chain(&self) -> u64 {
        match &self.below {
            None => self.effective,
            Some(below) => combined([below.effective_of_chain(), self.effective]),
        }
    }

    /// Calls `prepare`, below first.
    ///
    /// # Errors
    /// A status.
    pub fn prepare(&mut self) -> Result<(), Refusal> {
        self.below.as_mut().map_or(Ok(()), |below| below.prepare())?;
        self.on_core("prepare", self.subject.vetted.calls.prepare)
    }

    /// Calls `clean`, the layer first.
    ///
    /// # Errors
    /// A status.
    pub fn clean(&mut self) -> Result<(), Refusal> {
        self.on_core("clean", self.subject.vetted.calls.clean)?;
        self.below.as_mut().map_or(Ok(()), |below| below.clean())
    }

    fn on_core(&self, name: &'static str, call: Option<super::super::vet::OnCore>) -> Result<(), Refusal> {
        let Some(call) = call else { return Ok(()) };
        (self.subject.trail)(name);
        // SAFETY: "[control]"; the core is not destroyed.
        Reply::by(|error| unsafe { call(self.raw, error) }).refused(name, &self.stage)
    }

    /// Calls `open`, below first.
    ///
    /// # Errors
    /// A status; or OK, but no session.
    pub fn open(&mut self) -> Result<ProbeSession, Refusal> {
        let below = match &mut self.below {
            Some(below) => Below::make(below.open()?, self.stage.services(), &self.stage),
            None => ptr::null_mut(),
        };
        self.open_over(below)
    }

    /// Calls `open` without a core below, whatever it is.
    ///
    /// # Errors
    /// As [`open`](Probe::open).
    pub fn open_alone(&mut self) -> Result<ProbeSession, Refusal> {
        self.open_over(ptr::null_mut())
    }

    fn open_over(&mut self, below: *mut Below) -> Result<ProbeSession, Refusal> {
        let inner = (!below.is_null()).then(|| Below::raw(below));
        let open = abi::Open {
            struct_size: size_of::<abi::Open>() as u32,
            reserved: 0,
            waker: WAKER,
            load_start_ns: self.stage.services().clock.now_ns(),
            inner: inner.as_ref().map_or(ptr::null(), ptr::from_ref),
        };
        let mut session: *mut RawSession = ptr::null_mut();
        (self.subject.trail)("open");
        // SAFETY: "[control]"; `open` is borrowed for the call, what is below is kept until the layer is closed.
        let told = Reply::by(|error| unsafe {
            (self.subject.vetted.calls.open)(self.raw, &open, &mut session, error)
        });
        let refused = told.refused("open", &self.stage).err().or_else(|| {
            let text = "it returned OK, but no session".to_owned();
            session.is_null().then_some(Refusal { status: abi::OK, text })
        });
        match refused {
            Some(refusal) => {
                if !below.is_null() {
                    // SAFETY: from `Below::make`; the layer has no session that could use it.
                    unsafe { Below::close(below) };
                }
                Err(refusal)
            }
            None => Ok(ProbeSession::new(session, self.subject.clone(), below)),
        }
    }

    /// Calls `stats` with room for `cap` bytes; `None` if the core has no such function.
    ///
    /// # Errors
    /// A status.
    pub fn stats(&mut self, cap: usize) -> Result<Option<StatsAnswer>, Refusal> {
        const GUARD: usize = 64;
        let Some(stats) = self.subject.vetted.calls.stats else { return Ok(None) };
        let mut bytes = vec![0xa5u8; cap + GUARD];
        let mut len = 0u64;
        (self.subject.trail)("stats");
        // SAFETY: "[control] writes up to `cap` bytes to `buf` and its full length to `*len`".
        let told =
            Reply::by(|error| unsafe { stats(self.raw, bytes.as_mut_ptr(), cap as u64, &mut len, error) });
        told.refused("stats", &self.stage)?;
        let beyond = bytes[cap..].iter().any(|byte| *byte != 0xa5);
        bytes.truncate(cap.min(len as usize));
        Ok(Some(StatsAnswer { len, bytes, beyond }))
    }

    /// Calls `destroy`, the layer first; what calls the host afterwards is late.
    pub fn destroy(self) {
        (self.subject.trail)("destroy");
        // SAFETY: "[control] Frees the core": whoever opened a session has closed it, and `self` goes.
        unsafe { (self.subject.vetted.calls.destroy)(self.raw) };
        self.stage.look_over("destroy");
        if let Some(below) = self.below {
            below.destroy();
        }
        (self.subject.trail)("");
        self.stage.notes().close();
    }
}
