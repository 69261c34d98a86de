//! Parses, runs, and exits with a documented code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: this process is about to become another program.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == "launch")
    {
        evenkeel_host::launch::main()
    }
    evenkeel::cli::main(std::env::args_os())
}
