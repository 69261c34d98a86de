//! Parses, runs, and exits with a documented code.

#![forbid(unsafe_code)]

use std::process::ExitCode;

/// The system's allocator grows its memory in small steps, and every thread waits for them.
#[global_allocator]
static ALLOCATOR: evenkeel_allocator::Allocator = evenkeel_allocator::Allocator;

fn main() -> ExitCode {
    evenkeel_allocator::settle();
    evenkeel_host::inheritance::keep_descriptors();
    // First of all, since this process may replace itself by another program.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == "launch")
    {
        evenkeel_host::launch::main()
    }
    evenkeel::cli::leave_out_absurd();
    evenkeel::cli::main(std::env::args_os())
}
