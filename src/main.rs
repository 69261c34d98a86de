//! Parses, runs, and exits with a documented code.

fn main() {
    // Before anything else: this process is about to become another program.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == "launch")
    {
        evenkeel::target::launch::main()
    }
}
