//! How the listener and the limits come from the confined process to the one that watches.

use super::limits::AllowedFiles;
use super::listener::Listener;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Prepares handing a listener over through `to`, from a thread of its own: under the filter no thread can. Start it
/// before [`confine`](super::confine), send it the listener, and join it before a core is loaded.
///
/// # Errors
/// The system gives no thread.
pub fn hand_over(
    mut to: UnixStream,
    limits: AllowedFiles,
) -> io::Result<(SyncSender<Listener>, JoinHandle<io::Result<()>>)> {
    let (send, wanted) = sync_channel::<Listener>(1);
    let thread = Builder::new().name("hand over".to_owned()).spawn(move || {
        let Ok(listener) = wanted.recv() else { return Ok(()) };
        let descriptors = [listener.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        sendmsg(&to, &[IoSlice::new(b"L")], &mut ancillary, SendFlags::empty())?;
        to.write_all(&serde_json::to_vec(&limits)?)?;
        to.shutdown(std::net::Shutdown::Write)
    })?;
    Ok((send, thread))
}

/// Waits for what the confined process hands over; none if it ends, or goes on, without.
///
/// # Errors
/// The connection fails, or what comes is not what [`hand_over`] sends.
pub fn receive(mut from: UnixStream) -> io::Result<Option<(Listener, AllowedFiles)>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let told = recvmsg(&from, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let descriptor = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let Some(descriptor) = descriptor.filter(|_| told.bytes == 1) else { return Ok(None) };
    let mut limits = Vec::new();
    from.read_to_end(&mut limits)?;
    Ok(Some((descriptor.into(), serde_json::from_slice(&limits)?)))
}
