"""Puts your own message-queue processor under test: mqscript feeds it, and watches what it sends.

    from mqscript_processor import messaging_core, serve_processor
    processor = Processor(messaging_core)    # sends by messaging_core.send_message(content, sender, …) -> bool
    serve_processor(processor.enqueue, processor.process_queue)

A process of its own that only consumes imports messaging_core and sends through it; it need not serve anything.
"""

from mqscript_parts.core import (AsyncMessagingCore, MessagingCore, async_messaging_core, is_probe,  # noqa: F401
                                 messaging_core)
from mqscript_parts.feeding import serve_processor  # noqa: F401
from mqscript_parts.lines import STAMP  # noqa: F401
from mqscript_parts.link import folder, heartbeat  # noqa: F401
