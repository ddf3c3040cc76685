"""Feeds a processor: several threads read mqscript's messages and hand them to `enqueue` at once; `process` runs in the
main thread. Nothing waits in between.
"""

import asyncio
import os
import signal
import sys
import threading
import time
import traceback

from . import core, lines, styles
from .link import link
from .watch import Place, Watch, this_task

_CALL_EVERY_SECONDS = 0.05
_LEAVE_SECONDS = 1.0
_FLUSH_SECONDS = 0.0002
_STARTED_BY = os.getppid()


def serve_processor(enqueue, process=None, core="mock", stop=None):
    """Feeds `enqueue`, and calls `process` again and again in this thread. Either may be `async def`.

    `enqueue(content, sender, recipient, message_type, priority, tags, metadata)`: False or an exception refuses the
    message, all else means that the processor answers for it. `process(**arguments)` handles what waits; it may return
    when nothing does, or go on for ever; without it, other processes or threads do. `core`: "mock", or an object with
    send_message. `stop()` is called at the end, for workers that should end in order: it has what is left of `grace`.
    """
    lines.started_by_mqscript("serve_processor")
    styles.check(enqueue, "enqueue")
    if process is not None:
        styles.check(process, "process")
    if core != "mock" and not callable(getattr(core, "send_message", None)):
        raise ValueError(f'core is {core!r}: it must be "mock", or an object with send_message')
    if stop is not None and not callable(stop):
        raise ValueError(f"stop is {stop!r}: it must be a function without arguments")
    _set_backend(None if core == "mock" else core)
    batches = lines.batches(lines.read_source)
    first = next(batches, None)
    if first is None:
        return
    init = lines.decoded(first[0])["init"]
    processor = _Processor(enqueue, process, init, stop)
    feeders = processor.connect() if init["mode"] == "processor" else []
    ready = {"ready": True, "mode": "processor"}
    _write_out(lines.encoded({**ready, "feeders": len(feeders), "tells_where": True} if feeders else ready))
    processor.run(feeders, first[1:], batches)


_set_backend = core.set_backend


class _Processor:
    """The user's processor and what feeds it."""

    def __init__(self, enqueue, process, init, stop):
        self.enqueue, self.process, self.init, self.stop = enqueue, process, init, stop
        self.name = styles.name_of(enqueue, "enqueue")
        self.watch = Watch()
        self.arguments = init.get("arguments", {})
        self.ended, self.idle, self.arrived = threading.Event(), threading.Event(), threading.Event()
        self.loop = None
        if styles.is_async(enqueue) or (process is not None and styles.is_async(process)):
            # Python before 3.10 binds what was made at import to this thread's loop.
            old = sys.version_info < (3, 10)
            self.loop = asyncio.get_event_loop() if old else asyncio.new_event_loop()

    def connect(self):
        """Connections over which mqscript feeds; it reads which is which in their first line."""
        wanted, worker, life = self.init.get("feeders", 0), self.init["worker"], self.init.get("life", 0)
        return [link.connect(worker=worker, life=life, feeder=feeder) for feeder in range(wanted)]

    def run(self, feeders, begun, batches):
        """Feeds and processes until the end of the input."""
        for connection in feeders:
            feeder = _Feeder(self, connection.sendall, self.watch.add(Place(self.name)))
            read = lambda connection=connection: connection.recv(lines.READ_BYTES)  # noqa: E731
            threading.Thread(target=feeder.feed, args=(lines.batches(read),), name="mqscript feeder", daemon=True).start()
        leaving = threading.Thread(target=self._until_the_end, args=(not feeders, begun, batches), name="mqscript",
                                   daemon=True)
        leaving.start()
        if self.loop is None:
            self._process()
        elif self.process is not None and styles.is_async(self.process):
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(self._process_async())
        else:
            threading.Thread(target=self.loop.run_forever, name="mqscript loop", daemon=True).start()
            self._process()
        self.idle.set()
        if self.stop is not None:
            leaving.join()  # It calls `stop`, and ends the process.

    def _until_the_end(self, feeds, begun, batches):
        if feeds:
            feeder = _Feeder(self, _write_out, self.watch.add(Place(self.name)))
            feeder.take(begun)
            feeder.feed(batches)
        else:
            for _ in batches:  # Nothing but the question where the processor is.
                _write_out(lines.encoded({"where": self.watch.where()}))
        self.ended.set()
        self.wake()
        if not self.idle.wait(_LEAVE_SECONDS):
            _write_out(lines.encoded({"where": self.watch.where(_LEAVE_SECONDS)}))
        if self.stop is not None:
            try:
                self.stop()
            except BaseException:  # Whatever it raises, the process ends here.
                traceback.print_exc()
        if os.getppid() != _STARTED_BY and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)  # mqscript was killed: nobody else ends what this process has started.
        os._exit(0)

    def wake(self):
        """Something has come."""
        if not self.arrived.is_set():
            self.arrived.set()

    def _process(self):
        place = self._place_of_process()
        while not self.ended.is_set():
            self.arrived.wait(_CALL_EVERY_SECONDS)
            self.arrived.clear()
            if self.process is not None:
                with place:
                    result = self.process(**self.arguments)
                self._judge(result)

    def _place_of_process(self):
        return self.watch.add(Place(styles.name_of(self.process, "process")))

    async def _process_async(self):
        place = self._place_of_process()
        place.task = this_task()
        while not self.ended.is_set():
            until = time.monotonic() + _CALL_EVERY_SECONDS
            while not self.arrived.is_set() and time.monotonic() < until:
                await asyncio.sleep(0.001)
            self.arrived.clear()
            with place:
                result = await self.process(**self.arguments)
            self._judge(result)

    def _judge(self, result):
        """A call of `process` has returned: what it returns may be a sign of work."""
        if result is None:
            return
        wrong = styles.never_run(result, styles.name_of(self.process, "process"))
        if wrong:
            raise TypeError(wrong)
        if result:
            link.working()

    def arguments_of(self, message):
        """A message as `enqueue` gets it."""
        content, stamp = message["content"], message["stamp"]
        if isinstance(content, str):
            content = core.Stamped(content, stamp)
        metadata = message["metadata"]
        metadata[lines.STAMP] = stamp
        return (content, message["sender"], message["recipient"], message["message_type"], message["priority"],
                message["tags"], metadata)

    def answer(self, message):
        """Hands a message to a plain `enqueue`."""
        try:
            return self.answer_to(message, self.enqueue(*self.arguments_of(message)))
        except BaseException as error:  # SystemExit and the like too: what ends a call ends no other
            return lines.refused(message["id"], lines.as_raised(error))

    async def answer_async(self, message):
        """As `answer`, where `enqueue` is to be awaited."""
        try:
            return self.answer_to(message, await self.enqueue(*self.arguments_of(message)))
        except BaseException as error:
            return lines.refused(message["id"], lines.as_raised(error))

    def answer_to(self, message, result):
        """What `enqueue` means by its result: nothing at all is well, too."""
        return styles.answer(message["id"], True if result is None else result, self.name)


class _Feeder:
    """Hands the messages of one stream on, and writes the answers to it."""

    def __init__(self, processor, write, place):
        self.processor, self.write, self.place = processor, write, place
        self.answers, self.tasks = [], set()

    def feed(self, batches):
        """Until the end of the stream."""
        try:
            for batch in batches:
                self.take(batch)
        except OSError:
            pass  # mqscript has gone: the end of the protocol's input says so, too.

    def take(self, batch):
        """Hands on the messages of some lines."""
        processor = self.processor
        if processor.loop is not None:
            processor.loop.call_soon_threadsafe(self._take_in_the_loop, batch)
            return
        place, now = self.place, time.monotonic
        place.thread = threading.get_ident()
        flushed = now()
        for line in batch:
            message = lines.decoded(line)
            place.since = now()
            self.answers.append(processor.answer(message))
            place.since = None
            processor.wake()
            if now() - flushed > _FLUSH_SECONDS:
                self._flush()
                flushed = now()
        if self.answers:
            self._flush()

    def _take_in_the_loop(self, batch):
        processor = self.processor
        for line in batch:
            message = lines.decoded(line)
            if styles.is_async(processor.enqueue):
                task = processor.loop.create_task(self._take_one(message))
                self.tasks.add(task)  # The loop itself holds tasks weakly.
                task.add_done_callback(self.tasks.discard)
            else:
                with self.place:
                    answer = processor.answer(message)
                self._answered(answer)

    async def _take_one(self, message):
        watch = self.processor.watch
        place = watch.add(Place(self.processor.name))
        place.task = this_task()
        try:
            with place:
                answer = await self.processor.answer_async(message)
        finally:
            watch.remove(place)
        self._answered(answer)

    def _answered(self, answer):
        if not self.answers:
            self.processor.loop.call_soon(self._flush)
        self.answers.append(answer)
        self.processor.wake()

    def _flush(self):
        answers, self.answers = self.answers, []
        self.write(b"".join(answers))


_writing = threading.Lock()


def _write_out(said):
    """Writes to the protocol's output."""
    with _writing:
        lines.sink.write(said)
        lines.sink.flush()
