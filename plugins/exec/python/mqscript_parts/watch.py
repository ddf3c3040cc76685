"""Where the processor is: which of its functions has not returned, since when, and at which lines of its code."""

import asyncio
import os
import sys
import threading
import time

_FRAMES_MAX = 8
_HERE = os.path.dirname(os.path.abspath(__file__))


class Place:
    """One thread or task that calls a function of the processor, again and again."""

    def __init__(self, function, thread=None):
        self.function, self.thread, self.task = function, thread, None
        self.since = None

    def __enter__(self):
        self.thread = self.thread or threading.get_ident()
        self.since = time.monotonic()

    def __exit__(self, *_):
        self.since = None


class Watch:
    """All places."""

    def __init__(self):
        self._places = set()

    def add(self, place):
        """From now on it is told where this is."""
        self._places.add(place)
        return place

    def remove(self, place):
        """Its task is over."""
        self._places.discard(place)

    def where(self, longest=0.0):
        """Each function that has been inside for longer than this, longest first."""
        now, frames, told = time.monotonic(), sys._current_frames(), []
        for place in list(self._places):
            since = place.since
            if since is not None and now - since >= longest:
                told.append({"function": place.function, "seconds": round(now - since, 3),
                             "stack": _of_task(place.task) or _of_frame(frames.get(place.thread))})
        return sorted(told, key=lambda place: -place["seconds"])[:_FRAMES_MAX]


def _of_frame(frame):
    stack = []
    while frame is not None and len(stack) < _FRAMES_MAX:
        if not os.path.abspath(frame.f_code.co_filename).startswith(_HERE):
            stack.append(_shown(frame))
        frame = frame.f_back
    # Below the processor is what started it: threading, and the adapter's own thread.
    while stack and stack[-1].startswith(("threading.py:", "runners.py:", "base_events.py:")):
        stack.pop()
    return stack


def _of_task(task):
    """The lines at which a coroutine and those that it awaits stand, innermost first."""
    if task is None:
        return []
    stack, awaited = [], task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        if frame is not None and not frame.f_code.co_filename.startswith(_HERE):
            stack.append(_shown(frame))
        awaited = getattr(awaited, "cr_await", None)
    return stack[::-1][:_FRAMES_MAX]


def _shown(frame):
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno} in {frame.f_code.co_name}"


def this_task():
    """The task that runs now; none outside of an event loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
