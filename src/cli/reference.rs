//! Reference of all commands, generated from the definition that parses them.

use std::fmt::Write as _;

use clap::Command;

/// Width of help text: the same on every machine and terminal.
const WIDTH: usize = 100;

/// Introduction of the page.
const INTRODUCTION: &str = "\
# Commands

<!-- Generated from the command line's own definition. Do not edit: `EVENKEEL_BLESS=1 cargo test --test program documents`. -->

Each section is the output of `evenkeel COMMAND --help`. Options of all commands are listed once, at the top.
The exit codes are in [exit-codes.md](exit-codes.md).
";

/// Returns the long help of the program and of every command, in Markdown.
pub(super) fn commands(definition: Command) -> String {
    let mut root = definition.term_width(WIDTH).max_term_width(WIDTH);
    root.build();
    let mut text = INTRODUCTION.to_owned();
    let global: Vec<String> = root
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.get_id().to_string())
        .collect();
    section(&mut text, "evenkeel", root.clone());
    for command in root.get_subcommands() {
        add(&mut text, "evenkeel", command, &global);
    }
    text
}

fn add(text: &mut String, above: &str, command: &Command, global: &[String]) {
    if command.get_name() == "help" {
        return;
    }
    let name = format!("{above} {}", command.get_name());
    let mut shown = command.clone().bin_name(&name);
    for id in global {
        shown = shown.mut_arg(id, |argument| argument.hide(true));
    }
    section(text, &name, shown);
    for below in command.get_subcommands() {
        add(text, &name, below, global);
    }
}

fn section(text: &mut String, name: &str, command: Command) {
    let help = command.term_width(WIDTH).render_long_help().to_string();
    // Writing to a string cannot fail.
    let _ = write!(text, "\n## `{name}`\n\n```text\n");
    for line in help.trim_end().lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str("```\n");
}
