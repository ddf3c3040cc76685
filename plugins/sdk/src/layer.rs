//! The core below a layer.

use crate::abi;
use crate::buffers::Out;
use crate::core::{Error, Settlement, Status};
use crate::message::Message;

/// The core below: what a layer publishes to, polls and acknowledges through. Every call goes through the host,
/// which checks it. It can only be called where there is an [`Out`], that is, from inside a session call.
#[derive(Debug)]
pub struct Inner(abi::Inner);

// SAFETY: "used by one thread at a time": `&mut self` on every call; the layer's session moves between threads
// only as a whole.
unsafe impl Send for Inner {}

const ERROR_BYTES: usize = 512;

impl Inner {
    /// Wraps the session below a layer; none if it is not complete.
    ///
    /// # Safety
    /// `raw` comes from `open` and stays valid until the layer's `close` returns.
    pub(crate) unsafe fn from_raw(raw: abi::Inner) -> Option<Inner> {
        let whole = raw.struct_size as usize >= size_of::<abi::Inner>();
        let complete = raw.publish.is_some() && raw.poll.is_some() && raw.acknowledge.is_some();
        (whole && complete).then_some(Inner(raw))
    }

    /// Offers messages to the core below; says how many it took.
    ///
    /// # Errors
    /// The core below failed: return this error, the session is finished.
    #[inline]
    pub fn publish<'s>(
        &mut self,
        now_ns: u64,
        messages: &[Message<'_>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        let Some(publish) = self.0.publish else { return Err(missing()) };
        let mut accepted = 0;
        with_error(|error| {
            let first = messages.as_ptr().cast::<abi::Message>();
            // SAFETY: "Valid until the layer's `close` returns; only from inside the layer's own session calls":
            // an `Out` exists nowhere else.
            unsafe {
                publish(self.0.handle, now_ns, first, messages.len() as u32, &mut accepted, &mut out.0, error)
            }
        })?;
        Ok(accepted)
    }

    /// Asks the core below what has become known.
    ///
    /// # Errors
    /// As for [`publish`](Inner::publish).
    #[inline]
    pub fn poll(&mut self, now_ns: u64, out: &mut Out<'_>) -> Result<(), Error> {
        let Some(poll) = self.0.poll else { return Err(missing()) };
        // SAFETY: as in `publish`.
        with_error(|error| unsafe { poll(self.0.handle, now_ns, &mut out.0, error) })
    }

    /// Tells the core below how copies are settled.
    ///
    /// # Errors
    /// As for [`publish`](Inner::publish).
    #[inline]
    pub fn acknowledge(
        &mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        out: &mut Out<'_>,
    ) -> Result<(), Error> {
        let Some(acknowledge) = self.0.acknowledge else { return Err(missing()) };
        let (first, n) = (tags.as_ptr(), tags.len() as u32);
        // SAFETY: as in `publish`.
        with_error(|error| unsafe {
            acknowledge(self.0.handle, now_ns, first, n, how.raw(), &mut out.0, error)
        })
    }
}

fn missing() -> Error {
    Error::new(Status::INVALID, "the host gave no function for the core below")
}

/// Runs a call of the core below; its failure becomes an error.
#[inline]
fn with_error(call: impl FnOnce(*mut abi::ErrorBuffer) -> i32) -> Result<(), Error> {
    let mut text = std::mem::MaybeUninit::<[u8; ERROR_BYTES]>::uninit();
    let mut error = abi::ErrorBuffer {
        struct_size: size_of::<abi::ErrorBuffer>() as u32,
        code: abi::OK,
        len: 0,
        cap: ERROR_BYTES as u32,
        buf: text.as_mut_ptr().cast(),
    };
    let status = call(&mut error);
    if status == abi::OK {
        return Ok(());
    }
    // SAFETY: the callee wrote the first `len` bytes ("bytes written, at most `cap`").
    let told = unsafe { std::slice::from_raw_parts(error.buf, error.len.min(error.cap) as usize) };
    Err(Error { status: Status(status), text: String::from_utf8_lossy(told).into_owned() })
}
