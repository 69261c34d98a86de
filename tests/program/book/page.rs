//! A page as blocks: the files that it asks the reader to write, and the commands with the output that it shows.

use std::ops::Range;

/// A page, in the order of reading.
pub struct Page {
    /// All lines of the file.
    pub lines: Vec<String>,
    /// The blocks that a reader follows.
    pub blocks: Vec<Block>,
}

/// One block; lines count from 0.
pub enum Block {
    /// A hidden comment `<!-- setup … -->`: a script that prepares what the page takes as given.
    Setup {
        /// The line of the comment.
        line: usize,
        /// The script.
        script: String,
    },
    /// A hidden comment `<!-- follow: PAGE until "HEADING" -->`: the page begins where the other one is at that heading.
    Follow {
        /// The other page, below `docs`.
        page: String,
        /// The heading, with its `#`.
        until: String,
    },
    /// A fence with `file=PATH` or `append=PATH`.
    File {
        /// The line of the fence.
        line: usize,
        /// The path, relative to the current directory.
        path: String,
        /// Whether the text is added to the end of the file.
        append: bool,
        /// The text.
        text: String,
    },
    /// A fence of the language `console`.
    Console {
        /// The line of the fence.
        line: usize,
        /// The exit code of the last command (`exit=CODE`).
        code: i32,
        /// Whether the commands cannot run in a test (`untested`).
        untested: bool,
        /// The commands.
        commands: Vec<Shown>,
    },
}

/// A command and the output that the page shows.
pub struct Shown {
    /// The command, without `$ `.
    pub command: String,
    /// The lines of the output.
    pub output: Range<usize>,
}

impl Page {
    /// Reads a page. A mistake in it is an error with its line.
    pub fn read(text: &str) -> Result<Self, String> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut blocks = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let line = &lines[at];
            if line == "<!-- setup" {
                let end = find(&lines, at, |line| line == "-->")?;
                blocks.push(Block::Setup {
                    line: at,
                    script: lines[at + 1..end].join("\n"),
                });
                at = end + 1;
                continue;
            }
            if let Some(rest) = line.strip_prefix("<!-- follow: ") {
                let (page, until) = rest
                    .strip_suffix("\" -->")
                    .and_then(|rest| rest.split_once(" until \""))
                    .ok_or_else(|| format!("line {}: expected `PAGE until \"HEADING\"`", at + 1))?;
                blocks.push(Block::Follow {
                    page: page.to_owned(),
                    until: until.to_owned(),
                });
            }
            let ticks = line
                .trim_start()
                .chars()
                .take_while(|each| *each == '`')
                .count();
            if ticks < 3 {
                at += 1;
                continue;
            }
            let fence = "`".repeat(ticks);
            let end = find(&lines, at, |line| line.trim() == fence)?;
            let information = line.trim_start().trim_start_matches('`');
            if let Some(block) = block(&lines, at, end, information)
                .map_err(|error| format!("line {}: {error}", at + 1))?
            {
                if line.starts_with(' ') {
                    return Err(format!("line {}: the block must not be indented", at + 1));
                }
                blocks.push(block);
            }
            at = end + 1;
        }
        Ok(Self { lines, blocks })
    }

    /// Returns the blocks before a heading.
    pub fn until(&self, heading: &str) -> Option<&[Block]> {
        let end = self.lines.iter().position(|line| line == heading)?;
        let count = self
            .blocks
            .iter()
            .take_while(|block| match block {
                Block::Follow { .. } => true,
                Block::Setup { line, .. }
                | Block::File { line, .. }
                | Block::Console { line, .. } => *line < end,
            })
            .count();
        self.blocks.get(..count)
    }

    /// The output that the page shows for a command.
    pub fn output(&self, shown: &Shown) -> String {
        self.lines[shown.output.clone()].join("\n")
    }
}

/// Returns the first line after `start` that closes what begins there.
fn find(lines: &[String], start: usize, closes: impl Fn(&String) -> bool) -> Result<usize, String> {
    lines[start + 1..]
        .iter()
        .position(closes)
        .map(|offset| start + 1 + offset)
        .ok_or_else(|| format!("line {}: the block is not closed", start + 1))
}

/// Reads a fence; `None` where it is only shown.
fn block(
    lines: &[String],
    start: usize,
    end: usize,
    information: &str,
) -> Result<Option<Block>, String> {
    let mut words = information.split_whitespace();
    let language = words.next().unwrap_or_default();
    let (mut file, mut code, mut untested) = (None, 0, false);
    for word in words {
        match word.split_once('=') {
            Some(("file", path)) => file = Some((path, false)),
            Some(("append", path)) => file = Some((path, true)),
            Some(("exit", number)) => {
                code = number.parse().map_err(|_| format!("no code: {word}"))?;
            }
            None if word == "untested" => untested = true,
            _ => return Err(format!("unknown word after the language: {word}")),
        }
    }
    if let Some((path, append)) = file {
        let before = lines[..start].iter().rev().find(|line| !line.is_empty());
        if !before.is_some_and(|line| line.contains(&format!("`{path}`"))) {
            return Err(format!("the line before the block must name `{path}`"));
        }
        let mut text = lines[start + 1..end].join("\n");
        text.push('\n');
        return Ok(Some(Block::File {
            line: start,
            path: path.to_owned(),
            append,
            text,
        }));
    }
    match language {
        "console" => Ok(Some(Block::Console {
            line: start,
            code,
            untested,
            commands: commands(lines, start + 1..end)?,
        })),
        "sh" | "bash" | "shell" => Err(format!("{language}: use `console`, which is tested")),
        _ => Ok(None),
    }
}

/// Splits a console block into commands and outputs.
fn commands(lines: &[String], range: Range<usize>) -> Result<Vec<Shown>, String> {
    let mut found: Vec<Shown> = Vec::new();
    let mut continues = false;
    for number in range {
        let line = &lines[number];
        let previous = found.last_mut();
        if let Some(shown) = previous.filter(|_| continues) {
            shown.command.push('\n');
            shown.command.push_str(line);
            shown.output = number + 1..number + 1;
            continues = line.ends_with('\\');
        } else if let Some(command) = line.strip_prefix("$ ") {
            found.push(Shown {
                command: command.to_owned(),
                output: number + 1..number + 1,
            });
            continues = line.ends_with('\\');
        } else {
            let shown = found
                .last_mut()
                .ok_or("the first line must begin with `$ `")?;
            shown.output.end = number + 1;
        }
    }
    if found.is_empty() {
        return Err("there is no command in the block".to_owned());
    }
    Ok(found)
}

#[test]
fn blocks_are_read_in_order() {
    let text = "# A\n\n<!-- setup\ntrue\n-->\nWrite `a.toml`:\n\n```toml file=a.toml\na = 1\n```\n\n```console exit=2\n$ one\nout\n\n$ two \\\n  three\n```\n\n````text\n```console\n````\n";
    let page = Page::read(text).unwrap();
    let [setup, file, console] = page.blocks.as_slice() else {
        panic!("three blocks");
    };
    assert!(matches!(setup, Block::Setup { script, .. } if script == "true"));
    assert!(
        matches!(file, Block::File { path, text, append: false, .. } if path == "a.toml" && text == "a = 1\n")
    );
    let Block::Console { code, commands, .. } = console else {
        panic!("a console block");
    };
    assert_eq!(*code, 2);
    assert_eq!(commands[0].command, "one");
    assert_eq!(page.output(&commands[0]), "out\n");
    assert_eq!(commands[1].command, "two \\\n  three");
    assert_eq!(page.output(&commands[1]), "");
}

#[test]
fn mistakes_in_a_page_are_errors() {
    let error = |text: &str| Page::read(text).err().unwrap();
    assert!(error("```console\n$ a\n").contains("not closed"));
    assert!(error("```console\nout\n```\n").contains("must begin with"));
    assert!(error("```console skip\n$ a\n```\n").contains("unknown word"));
    assert!(error("```bash\na\n```\n").contains("use `console`"));
    assert!(error("Write it:\n\n```toml file=a.toml\na = 1\n```\n").contains("must name"));
    assert!(error("- a\n  ```console\n  $ a\n  ```\n").contains("must begin with"));
}
