//! The contract between mqscript and a messaging core.
