//! The limits of the protocol: exceeding one ends the conversation.

use std::time::Duration;

/// The longest JSON frame, in bytes.
pub const JSON: usize = 16 * 1024 * 1024;
/// The longest frame of raw bytes, in bytes.
pub const BYTES: usize = 1024 * 1024;
/// The largest number of queries in a request.
pub const QUERIES: usize = 10_000;
/// The largest number of actions in a request.
pub const ACTIONS: usize = 10_000;
/// The longest content of a file or a variable, in bytes.
pub const CONTENT: u64 = 1024 * 1024 * 1024;
/// The largest number of contents in one request for them.
pub const CONTENTS: usize = 512;
/// The largest size of all contents that are sent before they are needed, in bytes.
pub const AHEAD: u64 = 8 * 1024 * 1024;
/// The largest content that is always sent as a whole, in bytes.
pub const WHOLE: u64 = 64 * 1024;
/// The largest number of chunks of an older version.
pub const CHUNKS: usize = 262_144;
/// The largest number of files and directories in an artifact.
pub const ENTRIES: u64 = 1_000_000;
/// The longest path in an artifact, in bytes.
pub const PATH: usize = 4096;
/// The longest path of a socket in bytes, see `unix(7)`.
pub const SOCKET: usize = 107;
/// The largest number of bytes that evenkeel skips before the agent's first line, such as the output of a login shell.
pub const BANNER: usize = 64 * 1024;
/// The size at which a frame of answers is sent, in bytes of JSON.
pub const FULL: usize = 1024 * 1024;
/// The time limit for the first line, the hello and the key.
pub const HELLO: Duration = Duration::from_secs(30);
/// The time limit for each piece of a requested material.
pub const MATERIAL: Duration = Duration::from_mins(5);
/// The time limit for the next request.
pub const IDLE: Duration = Duration::from_hours(1);
/// The interval at which an agent that works says so.
pub const WORKING: Duration = Duration::from_secs(5);
/// The time limit for a request, however often the agent says that it works.
pub const REQUEST: Duration = Duration::from_hours(1);
