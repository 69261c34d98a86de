//! The limits of the protocol: a side that goes beyond one breaks the conversation.

use std::time::Duration;

/// Longest JSON frame, in bytes.
pub const JSON: usize = 16 * 1024 * 1024;
/// Longest frame of raw bytes, in bytes.
pub const BYTES: usize = 1024 * 1024;
/// Most queries of a request.
pub const QUERIES: usize = 10_000;
/// Most actions of a request.
pub const ACTIONS: usize = 10_000;
/// Longest content of a file or a variable, in bytes.
pub const CONTENT: u64 = 1024 * 1024 * 1024;
/// Most files and directories of an artifact.
pub const ENTRIES: u64 = 1_000_000;
/// Longest path in an artifact, in bytes.
pub const PATH: usize = 4096;
/// Most bytes that evenkeel skips before the agent's first line: what a login shell printed.
pub const BANNER: usize = 64 * 1024;
/// When a frame of answers is full, in bytes of JSON.
pub const FULL: usize = 1024 * 1024;
/// How long the agent waits for the first line, the hello and the key.
pub const HELLO: Duration = Duration::from_secs(30);
/// How long the agent waits for each piece of a material that it asked for.
pub const MATERIAL: Duration = Duration::from_mins(5);
/// How long the agent waits for the next request.
pub const IDLE: Duration = Duration::from_hours(1);
