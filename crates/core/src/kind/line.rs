//! `line`: one line, or a block of lines, inside a file that others own.

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::unexpected;
use super::program::{VALIDATE, validator};
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, TellAttribute, Traits, Wrong,
};
use evenkeel_host::lines::{self, DropLines, FoundLine, LinesState, SetLines, Wanted};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::text::{inert, list};
use evenkeel_model::{Digest, Moment, Value};

/// Line of a file.
pub struct Line;

const MISSING: Code = Code::error(
    "line/missing",
    "a line is missing",
    "The file has no such line, or does not exist. `evenkeel plan` shows the step that adds the line.",
);
const DIFFERS: Code = Code::error(
    "line/differs",
    "a line differs from its definition",
    "A line that `match` describes, or a line of the block, differs. `evenkeel plan` shows the step that restores it.",
);
const PRESENT: Code = Code::error(
    "line/present",
    "a line is present that must be absent",
    "`present` is false, and the file has the line. `evenkeel plan` shows the step that removes it.",
);

/// Declared line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LineDeclared {
    /// New lines go after the last line that matches this.
    pub after: Option<String>,
    /// Whether several matching lines become one.
    pub all: bool,
    /// New lines go before the first line that matches this.
    pub before: Option<String>,
    /// Whether a missing file is created.
    pub create: bool,
    /// Path of the file.
    pub path: String,
    /// Path and line, unique on a target.
    pub place: String,
    /// Whether the line must be present.
    pub present: bool,
    /// Program that checks the new content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validate: Vec<String>,
    /// The lines.
    pub wanted: Wanted,
}

/// Observed lines.
#[derive(Clone, Debug, Serialize)]
pub struct LineObserved {
    /// The selected lines, without texts and numbers.
    state: LinesState,
    /// Whether what is declared to be present is there. A line that only matches `match` belongs to others.
    #[serde(skip)]
    is_there: bool,
    /// The text of the first one that differs, safe to print.
    #[serde(skip)]
    text: Option<String>,
}

impl LineDeclared {
    fn file(&self) -> lines::Place {
        lines::Place::Path(self.path.clone())
    }

    /// Returns the declared text.
    fn text(&self) -> String {
        match &self.wanted {
            Wanted::Line {
                text: Some(text), ..
            } => text.clone(),
            Wanted::Line { matching, .. } => matching.clone().unwrap_or_default(),
            Wanted::Block { lines, .. } => lines.join("\n"),
            Wanted::Key { line } => line.clone(),
        }
    }
}

/// Checks text that becomes one line.
fn check_line(text: &str) -> Result<(), String> {
    if text.is_empty() || text.contains(['\n', '\r', '\0']) {
        return Err("expected one line that is not empty, without a line end and without a NUL; use `block` for several".to_owned());
    }
    Ok(())
}

impl Kind for Line {
    const NAME: &'static str = "line";
    const ABOUT: &'static str = "One line, or a block of lines, in a file that others own. Every other byte of the file stays, with \
     its line ends, its owner and its mode. Exactly one of `line` and `block` is required; `match` alone suffices with \
     `present = false`. Secrets are rejected here: use a `file`.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "path",
            Form::Words,
            "The path of the file. A relative path starts at the target's `base`. A symbolic link is rejected.",
        ),
        Field::optional("line", Form::Words, "The line, without its end."),
        Field::optional(
            "block",
            Form::Words,
            "Several lines, kept between two marker lines with the name of the resource.",
        ),
        Field::optional(
            "comment",
            Form::Words,
            "What marker lines of a block start with. Default: \"#\".",
        ),
        Field::optional(
            "match",
            Form::Words,
            "A regular expression of the line that `line` replaces. If several lines match, none is replaced, unless `all` is \
             true. Without a matching line, the line is added.",
        ),
        Field::optional(
            "all",
            Form::Boolean,
            "Whether the first of several matching lines is replaced and the others are removed. Default: false.",
        ),
        Field::optional(
            "after",
            Form::Words,
            "A regular expression: a new line goes after the last line that matches. Default: the end of the file.",
        ),
        Field::optional(
            "before",
            Form::Words,
            "A regular expression: a new line goes before the first line that matches.",
        ),
        Field::optional(
            "present",
            Form::Boolean,
            "Whether the line must be present. Default: true. With false, equal and matching lines are removed.",
        ),
        Field::optional(
            "create",
            Form::Boolean,
            "Whether a missing file is created, with mode 0644. Default: false.",
        ),
        VALIDATE,
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &DIFFERS, &PRESENT];
    const TRAITS: Traits = Traits::PLAIN;
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &["present"]),
        ("path", &["path"]),
        ("line", &["line", "block", "match"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = LineDeclared;
    type Observed = LineObserved;

    fn declare(context: &Context<'_>, attributes: &Attributes) -> Result<LineDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let path = absolute(context.base, attributes.text("path").unwrap_or_default())
            .unwrap_or_else(|message| {
                wrong.push(Wrong::new("path", message));
                String::new()
            });
        for key in ["match", "after", "before"] {
            if let Some(pattern) = attributes.text(key)
                && let Err(reason) = lines::check_pattern(pattern)
            {
                wrong.push(Wrong::new(
                    key,
                    format!("invalid regular expression `{pattern}`: {reason}"),
                ));
            }
        }
        let present = attributes.boolean("present").unwrap_or(true);
        let (after, before) = (attributes.string("after"), attributes.string("before"));
        if after.is_some() && before.is_some() {
            wrong.push(Wrong::new("before", "use one of `after` and `before`"));
        }
        let (line, block, matching) = (
            attributes.text("line"),
            attributes.text("block"),
            attributes.text("match"),
        );
        let name = context.address.name();
        let (wanted, what) = match (line, block, matching) {
            (Some(_), Some(_), _) | (None, None, None) => {
                wrong.push(Wrong::new("", "use exactly one of `line` and `block`"));
                return Err(wrong);
            }
            (None, None, Some(_)) if present => {
                wrong.push(Wrong::new(
                    "match",
                    "`match` describes the replaced line: write the new one into `line`",
                ));
                return Err(wrong);
            }
            (None, Some(block), matching) => {
                if matching.is_some() {
                    let message =
                        "`match` is for `line`: the lines of a block are between its markers";
                    wrong.push(Wrong::new("match", message));
                }
                let prefix = attributes.text("comment").unwrap_or("#");
                if let Err(message) = check_line(prefix) {
                    wrong.push(Wrong::new("comment", message));
                }
                let marker = |word: &str| format!("{prefix} {word} evenkeel {name}");
                let (begin, end) = (marker("BEGIN"), marker("END"));
                let lines: Vec<String> = block.lines().map(str::to_owned).collect();
                if block.contains('\0') || lines.iter().any(|line| line.contains('\r')) {
                    wrong.push(Wrong::new(
                        "block",
                        "a NUL or a carriage return is in the block",
                    ));
                }
                if lines.contains(&begin) || lines.contains(&end) {
                    wrong.push(Wrong::new("block", "a line of the block equals a marker"));
                }
                let what = begin.clone();
                (Wanted::Block { begin, end, lines }, what)
            }
            (line, None, matching) => {
                if attributes.get("comment").is_some() {
                    wrong.push(Wrong::new("comment", "`comment` is for `block`"));
                }
                if let Some(Err(message)) = line.map(check_line) {
                    wrong.push(Wrong::new("line", message));
                }
                let wanted = Wanted::Line {
                    text: line.map(str::to_owned),
                    matching: matching.map(str::to_owned),
                };
                (wanted, line.or(matching).unwrap_or_default().to_owned())
            }
        };
        let validate = validator(attributes, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(LineDeclared {
            after,
            all: attributes.boolean("all").unwrap_or_default(),
            before,
            create: attributes.boolean("create").unwrap_or_default(),
            place: format!("{path}: {what}"),
            path,
            present,
            validate,
            wanted,
        })
    }

    fn output(declared: &LineDeclared, name: &str) -> Option<Value> {
        (name == "path").then(|| Value::text(&declared.path))
    }

    fn place(declared: &LineDeclared) -> &str {
        &declared.place
    }

    fn claims(declared: &LineDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new("line", &declared.place)]
    }

    fn inside(declared: &LineDeclared) -> Option<Claim<'_>> {
        Some(Claim::path(&declared.path))
    }

    fn queries(declared: &LineDeclared) -> Vec<Query> {
        vec![Query::Lines(lines::Query {
            file: declared.file(),
            wanted: declared.wanted.clone(),
        })]
    }

    fn observed(declared: &LineDeclared, answers: &[Answer]) -> Observation<LineObserved> {
        let state = match answers.first() {
            Some(Answer::Lines(lines::Answer { state })) => state,
            other => return unexpected(other),
        };
        let is_single = matches!(declared.wanted, Wanted::Line { .. });
        if let Some(numbers) = state.ambiguous()
            && is_single
            && !declared.all
        {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            return Observation::CannotTell(format!(
                "lines {} of `{}` match: write a stricter `match`, or `all = true`",
                list(&numbers, "and"),
                declared.path
            ));
        }
        let differs = state.found().iter().find(|line| !line.is_wanted);
        let text = differs.and_then(|line| line.text.as_deref());
        let mut found = state.found().iter();
        Observation::Seen(LineObserved {
            is_there: declared.present && found.any(|line| line.is_wanted || !is_single),
            text: text.map(|text| inert(text).into_owned()),
            state: state.bare(),
        })
    }

    fn nothing(_declared: &LineDeclared) -> LineObserved {
        LineObserved {
            state: LinesState::Seen { found: Vec::new() },
            is_there: false,
            text: None,
        }
    }

    fn is_there(observed: &LineObserved) -> bool {
        observed.is_there
    }

    fn facts(observed: &LineObserved) -> Vec<(String, String)> {
        vec![("presence".to_owned(), observed.state.words())]
    }

    fn changed(_observed: &LineObserved) -> Option<Moment> {
        None
    }

    fn compare(declared: &LineDeclared, observed: &LineObserved) -> Vec<Discrepancy> {
        let found = observed.state.found();
        let shown = |line: &FoundLine| {
            observed
                .text
                .clone()
                .unwrap_or_else(|| format!("a line ({})", line.digest.short()))
        };
        let text = declared.text();
        match (declared.present, found.first()) {
            (false, None) => Vec::new(),
            (false, Some(line)) => {
                let found = if line.is_wanted { text } else { shown(line) };
                vec![Discrepancy::new(&PRESENT, "presence", "nothing", found)]
            }
            (true, None) => {
                let found = match &observed.state {
                    LinesState::NoFile => "no file",
                    _ => "nothing",
                };
                vec![Discrepancy::new(&MISSING, "presence", text, found)]
            }
            (true, Some(_)) => match found.iter().find(|line| !line.is_wanted) {
                Some(line) => vec![Discrepancy::new(&DIFFERS, "line", text, shown(line))],
                None if found.len() > 1 && matches!(declared.wanted, Wanted::Block { .. }) => {
                    let found = format!("{} blocks", found.len());
                    vec![Discrepancy::new(&DIFFERS, "line", "one block", found)]
                }
                None => Vec::new(),
            },
        }
    }

    fn adopt(declared: &LineDeclared, observed: &LineObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let is_single = observed.state.found().len() == 1;
        let is_there = !observed.state.found().is_empty();
        adoptions(wrong, is_there, |each| {
            match (each.attribute.as_str(), &declared.wanted, &observed.text) {
                ("presence", Wanted::Line { text: Some(_), .. }, None) if is_there => {
                    Some(Adopt::switch("present", true))
                }
                ("line", Wanted::Line { text: Some(_), .. }, Some(text)) if is_single => {
                    Some(Adopt::text("line", text))
                }
                (_, Wanted::Block { .. }, _) if is_there => Some(Adopt::Unread),
                ("line", ..) => Some(Adopt::Impossible(
                    "several lines match, or the line is too long or not UTF-8".to_owned(),
                )),
                _ => None,
            }
        })
    }

    fn adoption_files(declared: &LineDeclared, observed: &LineObserved) -> Vec<String> {
        let is_block = matches!(declared.wanted, Wanted::Block { .. });
        if is_block
            && observed.state.found().len() == 1
            && !Self::compare(declared, observed).is_empty()
        {
            vec![declared.path.clone()]
        } else {
            Vec::new()
        }
    }

    fn adopt_with(
        declared: &LineDeclared,
        observed: &LineObserved,
        contents: &[Option<Vec<u8>>],
    ) -> Vec<Adoption> {
        let Wanted::Block { begin, end, .. } = &declared.wanted else {
            return Self::adopt(declared, observed);
        };
        let impossible = |reason: &str| {
            adoptions(Self::compare(declared, observed), true, |_| {
                Some(Adopt::Impossible(reason.to_owned()))
            })
        };
        let found = match observed.state.found() {
            [] => return Self::adopt(declared, observed),
            [_] if contents.is_empty() => return Self::adopt(declared, observed),
            [found] => found,
            _ => return impossible("the file has several blocks with these markers"),
        };
        let Some(bytes) = contents.first().and_then(Option::as_deref) else {
            return impossible("its file was removed while it was read: run the command again");
        };
        let Ok(text) = str::from_utf8(bytes) else {
            return impossible("its file is not UTF-8");
        };
        let all: Vec<&str> = text.lines().collect();
        let place = |marker: &str| all.iter().position(|line| *line == marker);
        let block = place(begin).zip(place(end));
        let block = block.and_then(|(first, last)| all.get(first..=last));
        let Some(block) =
            block.filter(|block| Digest::of(block.join("\n").as_bytes()) == found.digest)
        else {
            return impossible("its file changed while it was read: run the command again");
        };
        let inside = block.get(1..block.len() - 1).unwrap_or_default();
        let mut described = Vec::new();
        if !declared.present {
            described.push(Adoption {
                attribute: "presence".to_owned(),
                change: Adopt::switch("present", true),
            });
        }
        if !found.is_wanted {
            let mut text = inside.join("\n");
            if !text.is_empty() {
                text.push('\n');
            }
            described.push(Adoption {
                attribute: "line".to_owned(),
                change: Adopt::text("block", &text),
            });
        }
        described
    }

    fn remedy(declared: &LineDeclared, observed: &LineObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![if declared.present {
            Action::SetLines(SetLines {
                file: declared.file(),
                wanted: declared.wanted.clone(),
                after: declared.after.clone(),
                before: declared.before.clone(),
                all: declared.all,
                create: declared.create,
                validate: declared.validate.clone(),
                expected: observed.state.clone(),
            })
        } else {
            Action::DropLines(DropLines {
                file: declared.file(),
                wanted: declared.wanted.clone(),
                all: declared.all,
                validate: declared.validate.clone(),
                expected: observed.state.clone(),
            })
        }]
    }

    /// Removes what equals the definition. A line that only matches `match` belongs to others.
    fn removal(declared: &LineDeclared, observed: &LineObserved) -> Vec<Action> {
        let (wanted, found) = match &declared.wanted {
            Wanted::Line { text, .. } => {
                let found = observed.state.found().iter();
                let equal: Vec<FoundLine> = found.filter(|it| it.is_wanted).cloned().collect();
                let wanted = Wanted::Line {
                    text: text.clone(),
                    matching: None,
                };
                (wanted, equal)
            }
            other => (other.clone(), observed.state.found().to_vec()),
        };
        if !declared.present || found.is_empty() {
            return Vec::new();
        }
        vec![Action::DropLines(DropLines {
            file: declared.file(),
            wanted,
            all: true,
            validate: declared.validate.clone(),
            expected: LinesState::Seen { found },
        })]
    }

    fn attributes(declared: &LineDeclared, tell: &mut TellAttribute<'_>) {
        let presence = if declared.present {
            "a line"
        } else {
            "nothing"
        };
        tell("presence", format_args!("{presence}"));
        tell("path", format_args!("{}", declared.path));
        tell("line", format_args!("{}", declared.text()));
    }
}
