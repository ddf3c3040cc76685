"""The parts of mqscript's Python adapter. What is meant for your code is in mqscript_adapter and mqscript_processor."""
