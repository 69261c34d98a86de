//! Completeness and precision: a thousand differences in documents of all formats are found, each at its place, with no
//! other finding; a thousand documents with equal meaning in another form are in parity.
//!
//! Seeded: the same worlds on every run. On the library's level, since a process for each would take minutes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use evenkeel_comparison::{
    FileContent, Files, FilesComparison, Identities, Identity, Rules, Shape, compare_files,
};
use evenkeel_document::Format;
use evenkeel_model::source::SourceFile;

/// Pseudo-random sequence.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Style {
    Yaml,
    Json,
    Toml,
    Hcl,
    Dotenv,
    Properties,
    Ini,
    Lines,
}

const STYLES: [Style; 8] = [
    Style::Yaml,
    Style::Json,
    Style::Toml,
    Style::Hcl,
    Style::Dotenv,
    Style::Properties,
    Style::Ini,
    Style::Lines,
];

impl Style {
    fn format(self) -> Format {
        match self {
            Self::Yaml => Format::Yaml,
            Self::Json => Format::Json,
            Self::Toml => Format::Toml,
            Self::Hcl => Format::Hcl,
            Self::Dotenv => Format::Dotenv,
            Self::Properties | Self::Ini => Format::Properties,
            Self::Lines => Format::Lines,
        }
    }

    fn nests(self) -> bool {
        matches!(self, Self::Yaml | Self::Json | Self::Toml | Self::Hcl)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Leaf {
    /// `{}` stands for the environment's name.
    Text(String),
    Number(u64),
    Flag(bool),
    /// In mebibytes; written in either unit.
    Memory(u64),
    /// In seconds.
    Time(u64),
}

#[derive(Clone, Debug)]
enum Thing {
    Leaf(Leaf),
    Map(Vec<(String, Thing)>),
    /// Elements by name.
    Named(Vec<(String, Vec<(String, Thing)>)>),
}

type Entries = Vec<(String, Thing)>;

/// Generator of worlds: values are unique within one, except flags.
struct Maker {
    chance: Chance,
    style: Style,
    count: u64,
}

impl Maker {
    fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn key(&mut self, leaf: Option<&Leaf>) -> String {
        let number = self.number();
        match leaf {
            Some(Leaf::Memory(_)) => format!("memory_{number}"),
            Some(Leaf::Time(_)) => format!("timeout_{number}"),
            _ => format!("k{number}"),
        }
    }

    fn leaf(&mut self) -> Leaf {
        let number = self.number();
        match self.chance.below(6) {
            0 => Leaf::Number(10_000 + number),
            1 => Leaf::Flag(self.chance.one_in(2)),
            2 if self.style != Style::Lines => Leaf::Memory(1024 * (10 + number)),
            3 if self.style != Style::Lines => Leaf::Time(60 * (10 + number)),
            4 => Leaf::Text(format!("of-{{}}-{number}x")),
            _ => Leaf::Text(format!("text-{number}x")),
        }
    }

    fn leaf_entry(&mut self) -> (String, Thing) {
        let leaf = self.leaf();
        (self.key(Some(&leaf)), Thing::Leaf(leaf))
    }

    fn fields(&mut self) -> Entries {
        (0..2 + self.chance.below(3))
            .map(|_| self.leaf_entry())
            .collect()
    }

    fn element(&mut self) -> (String, Entries) {
        let number = self.number();
        (format!("e{number}"), self.fields())
    }

    fn entry(&mut self, depth: usize) -> (String, Thing) {
        let roll = if self.style == Style::Ini {
            usize::from(depth > 0)
        } else if self.style.nests() && depth < 3 {
            self.chance.below(4)
        } else {
            1
        };
        match roll {
            0 if self.style == Style::Ini => (self.key(None), Thing::Map(self.fields())),
            0 => {
                let entries = (0..2 + self.chance.below(3))
                    .map(|_| self.entry(depth + 1))
                    .collect();
                (self.key(None), Thing::Map(entries))
            }
            3 => {
                let elements = (0..2 + self.chance.below(4))
                    .map(|_| self.element())
                    .collect();
                (self.key(None), Thing::Named(elements))
            }
            _ => self.leaf_entry(),
        }
    }

    /// Returns another value, with another meaning.
    fn another(&mut self, leaf: &Leaf) -> Leaf {
        let number = self.number();
        match leaf {
            Leaf::Flag(on) => Leaf::Flag(!on),
            Leaf::Number(_) => Leaf::Number(20_000 + number),
            Leaf::Memory(_) => Leaf::Memory(1024 * (2_000 + number)),
            Leaf::Time(_) => Leaf::Time(60 * (2_000 + number)),
            // Another environment's name, or another text, or none.
            Leaf::Text(text) if text.contains("{}") && self.chance.one_in(2) => {
                Leaf::Text(text.replace("{}", "testing"))
            }
            Leaf::Text(_) => Leaf::Text(format!("other-{number}x")),
        }
    }

    /// Injects one difference into entries, and returns its path.
    fn inject(&mut self, entries: &mut Entries, path: &str, depth: usize) -> String {
        let at = |key: &str| {
            if path.is_empty() {
                key.to_owned()
            } else {
                format!("{path}.{key}")
            }
        };
        let chosen = self.chance.below(entries.len());
        match self.chance.below(8) {
            0 if entries.len() > 1 || depth == 0 => {
                let (key, _) = entries.remove(chosen);
                return at(&key);
            }
            1 => {
                let entry = self.entry(depth.max(1));
                let entry = if self.style == Style::Ini && depth == 0 {
                    (self.key(None), Thing::Map(vec![entry]))
                } else {
                    entry
                };
                let path = at(&entry.0);
                entries.push(entry);
                return path;
            }
            _ => {}
        }
        let (key, thing) = &mut entries[chosen];
        let path = at(key);
        match thing {
            Thing::Leaf(leaf) => {
                *leaf = self.another(leaf);
                path
            }
            Thing::Map(below) => self.inject(below, &path, depth + 1),
            Thing::Named(elements) => {
                let chosen = self.chance.below(elements.len());
                match self.chance.below(4) {
                    0 => {
                        let (name, _) = elements.remove(chosen);
                        format!("{path}[name={name}]")
                    }
                    1 => {
                        let element = self.element();
                        let path = format!("{path}[name={}]", element.0);
                        elements.insert(chosen, element);
                        path
                    }
                    _ => {
                        let (name, fields) = &mut elements[chosen];
                        let path = format!("{path}[name={name}]");
                        self.inject(fields, &path, depth + 1)
                    }
                }
            }
        }
    }
}

/// Writer of a world: plainly, or with every freedom of a format.
struct Writer<'c> {
    chance: &'c mut Chance,
    style: Style,
    environment: &'static str,
    is_free: bool,
}

impl Writer<'_> {
    fn may(&mut self) -> bool {
        self.is_free && self.chance.one_in(2)
    }

    /// Returns a value without quotes, and whether it is a text.
    fn words(&mut self, leaf: &Leaf) -> (String, bool) {
        match leaf {
            Leaf::Text(text) => (text.replace("{}", self.environment), true),
            Leaf::Number(number) => (number.to_string(), false),
            Leaf::Flag(on) => (on.to_string(), false),
            Leaf::Memory(size) if self.may() => (format!("{size}Mi"), true),
            Leaf::Memory(size) => (format!("{}Gi", size / 1024), true),
            Leaf::Time(seconds) if self.may() => (format!("{seconds}s"), true),
            Leaf::Time(seconds) => (format!("{}m", seconds / 60), true),
        }
    }

    fn leaf(&mut self, leaf: &Leaf) -> String {
        let (text, is_text) = self.words(leaf);
        let escaped = |text: &str| format!("\"\\u00{:02x}{}\"", text.as_bytes()[0], &text[1..]);
        let style = self.style;
        match style {
            Style::Yaml => match (is_text, self.may(), self.may()) {
                (false, true, _) => match leaf {
                    Leaf::Number(number) => format!("0x{number:X}"),
                    _ => text,
                },
                (false, false, _) => text,
                (true, true, true) => text,
                (true, true, false) => format!("'{text}'"),
                (true, false, true) => escaped(&text),
                (true, false, false) => format!("\"{text}\""),
            },
            Style::Json if is_text && self.may() => escaped(&text),
            Style::Toml => match (is_text, self.may()) {
                (true, true) => format!("'{text}'"),
                (true, false) => format!("\"{text}\""),
                (false, true) if text.len() == 5 && text != "false" => {
                    format!("{}_{}", &text[..2], &text[2..])
                }
                (false, _) => text,
            },
            Style::Json | Style::Hcl if is_text => format!("\"{text}\""),
            Style::Json | Style::Hcl => text,
            Style::Dotenv => match (leaf, self.may(), self.may()) {
                (Leaf::Flag(on), true, true) => if *on { "on" } else { "off" }.to_owned(),
                (Leaf::Flag(on), true, false) => if *on { "yes" } else { "no" }.to_owned(),
                (_, true, true) => format!("'{text}'"),
                (_, true, false) => format!("\"{text}\""),
                _ => text,
            },
            Style::Properties | Style::Ini | Style::Lines => text,
        }
    }

    fn ordered(&mut self, entries: &Entries) -> Entries {
        let mut entries = entries.clone();
        // TOML's plain form has single values before tables.
        if self.style == Style::Toml && !self.is_free {
            entries.sort_by_key(|(_, thing)| !matches!(thing, Thing::Leaf(_)));
        }
        if self.is_free && self.style != Style::Lines {
            self.chance.shuffle(&mut entries);
        }
        entries
    }

    fn elements(&mut self, elements: &[(String, Entries)]) -> Vec<Entries> {
        let mut all: Vec<Entries> = elements
            .iter()
            .map(|(name, fields)| {
                let mut fields = fields.clone();
                fields.insert(
                    0,
                    ("name".to_owned(), Thing::Leaf(Leaf::Text(name.clone()))),
                );
                self.ordered(&fields)
            })
            .collect();
        if self.is_free {
            self.chance.shuffle(&mut all);
        }
        all
    }

    fn document(&mut self, entries: &Entries) -> String {
        let entries = self.ordered(entries);
        let mut out = String::new();
        match self.style {
            Style::Yaml => {
                if self.may() {
                    out.push_str("# Written freely.\n---\n");
                }
                self.block(&entries, 0, &mut out);
            }
            Style::Json => {
                if self.may() {
                    out.push_str("// Written freely.\n");
                }
                out.push_str(&self.inline(&Thing::Map(entries)));
            }
            Style::Toml => self.tables(&entries, "", &mut out),
            Style::Hcl => {
                for (key, thing) in &entries {
                    if self.may() {
                        out.push_str("/* of\n no meaning */\n");
                    }
                    let value = self.inline(thing);
                    writeln!(out, "{key} = {value}").unwrap();
                }
            }
            Style::Dotenv | Style::Properties | Style::Ini | Style::Lines => {
                self.assignments(&entries, &mut out);
            }
        }
        out
    }

    fn assignments(&mut self, entries: &Entries, out: &mut String) {
        for (key, thing) in entries {
            if self.may() && self.style != Style::Lines {
                out.push_str("\n# Of no meaning.\n");
            }
            match thing {
                Thing::Map(below) => {
                    writeln!(out, "[{key}]").unwrap();
                    let below = self.ordered(below);
                    self.assignments(&below, out);
                }
                Thing::Leaf(leaf) => {
                    let value = self.leaf(leaf);
                    let style = self.style;
                    let line = match style {
                        Style::Dotenv if self.may() => format!("export {key}={value}  # so"),
                        Style::Properties if self.may() => format!("{key} : \\\n   {value}"),
                        Style::Properties if self.may() => format!("{key} {value}"),
                        Style::Ini if self.may() => format!("{key} = {value}"),
                        Style::Lines => format!("{key} is {value};"),
                        _ => format!("{key}={value}"),
                    };
                    writeln!(out, "{line}").unwrap();
                }
                Thing::Named(_) => unreachable!("flat formats have no lists"),
            }
        }
    }

    /// YAML's block style.
    fn block(&mut self, entries: &Entries, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for (key, thing) in entries {
            if self.may() {
                writeln!(out, "\n{indent}# Of no meaning.").unwrap();
            }
            let shown = if self.may() {
                format!("\"{key}\"")
            } else {
                key.clone()
            };
            match thing {
                _ if self.may() => {
                    let value = self.inline(thing);
                    writeln!(out, "{indent}{shown}:   {value}").unwrap();
                }
                Thing::Leaf(leaf) => {
                    let value = self.leaf(leaf);
                    writeln!(out, "{indent}{shown}: {value}").unwrap();
                }
                Thing::Map(below) => {
                    writeln!(out, "{indent}{shown}:").unwrap();
                    let below = self.ordered(below);
                    self.block(&below, depth + 1, out);
                }
                Thing::Named(elements) => {
                    writeln!(out, "{indent}{shown}:").unwrap();
                    for element in self.elements(elements) {
                        writeln!(out, "{indent}-").unwrap();
                        self.block(&element, depth + 1, out);
                    }
                }
            }
        }
    }

    /// TOML's tables.
    fn tables(&mut self, entries: &Entries, above: &str, out: &mut String) {
        let mut later = Vec::new();
        for (key, thing) in entries {
            let is_plain = !matches!(thing, Thing::Leaf(_)) && !self.may();
            if is_plain {
                later.push((key, thing));
                continue;
            }
            let value = self.inline(thing);
            let key = if self.may() {
                format!("'{key}'")
            } else {
                key.clone()
            };
            writeln!(out, "{key}   = {value} # so").unwrap();
        }
        for (key, thing) in later {
            let here = if above.is_empty() {
                key.clone()
            } else {
                format!("{above}.{key}")
            };
            match thing {
                Thing::Map(below) => {
                    writeln!(out, "\n[{here}]").unwrap();
                    let below = self.ordered(below);
                    self.tables(&below, &here, out);
                }
                Thing::Named(elements) => {
                    for element in self.elements(elements) {
                        writeln!(out, "\n[[{here}]]").unwrap();
                        self.tables(&element, &here, out);
                    }
                }
                Thing::Leaf(_) => unreachable!("single values come first"),
            }
        }
    }

    /// Writes one expression: YAML's flow style, JSON, TOML's inline tables, HCL's objects.
    fn inline(&mut self, thing: &Thing) -> String {
        match thing {
            Thing::Leaf(leaf) => self.leaf(leaf),
            Thing::Map(entries) => {
                let entries = self.ordered(entries);
                let (assigns, breaks) = match self.style {
                    Style::Yaml | Style::Json => (": ", self.style == Style::Json && self.may()),
                    Style::Hcl => (if self.may() { " : " } else { " = " }, self.may()),
                    _ => (" = ", false),
                };
                let parts: Vec<String> = entries
                    .iter()
                    .map(|(key, thing)| {
                        let value = self.inline(thing);
                        let key = match self.style {
                            Style::Json => format!("\"{key}\""),
                            _ => key.clone(),
                        };
                        format!("{key}{assigns}{value}")
                    })
                    .collect();
                let (between, end) = match (breaks, self.style) {
                    (true, Style::Json) => (",\n  // so\n ", ",\n"),
                    (true, _) => ("\n  # so\n ", "\n"),
                    (false, _) => (", ", " "),
                };
                let start = if breaks { "\n" } else { " " };
                format!("{{{start}{}{end}}}", parts.join(between))
            }
            Thing::Named(elements) => {
                let parts: Vec<String> = self
                    .elements(elements)
                    .into_iter()
                    .map(|element| self.inline(&Thing::Map(element)))
                    .collect();
                format!("[{}]", parts.join(", "))
            }
        }
    }
}

fn compared(style: Style, left: &str, right: &str) -> FilesComparison {
    // INI files and Java's properties are distinguished by name.
    let ending = if style == Style::Ini {
        "ini"
    } else {
        "properties"
    };
    let files = |name: &str, text: &str| -> BTreeMap<String, FileContent> {
        let file = SourceFile::new(format!("{name}.{ending}"), text.to_owned());
        [(String::new(), FileContent::Text(file))].into()
    };
    let (left, right) = (files("staging", left), files("production", right));
    let rules = Rules {
        identities: Identities::new([Identity {
            name: "environment".into(),
            left: "staging".into(),
            right: "production".into(),
        }]),
        ..Rules::default()
    };
    compare_files(
        Files {
            files: &left,
            whole: true,
            beneath: &[],
            shape: Shape::default(),
        },
        Files {
            files: &right,
            whole: true,
            beneath: &[],
            shape: Shape::default(),
        },
        Some(style.format()),
        &rules,
    )
}

/// Returns a world of a style: its parts, one entry each.
fn world(style: Style, seed: u64) -> (Maker, Vec<Entries>) {
    let mut maker = Maker {
        chance: Chance(seed),
        style,
        count: 0,
    };
    let parts = (0..12).map(|_| vec![maker.entry(0)]).collect();
    (maker, parts)
}

fn written(
    chance: &mut Chance,
    style: Style,
    environment: &'static str,
    is_free: bool,
    parts: &[Entries],
) -> String {
    let mut writer = Writer {
        chance,
        style,
        environment,
        is_free,
    };
    writer.document(&parts.concat())
}

#[test]
fn a_thousand_injected_differences_are_found_each_at_its_place_and_nothing_else() {
    const EACH: usize = 5;
    let mut injected = 0;
    for style in STYLES {
        for seed in 0..25 {
            let (mut maker, parts) = world(style, seed);
            let mut other = parts.clone();
            let mut expected: Vec<String> = Vec::new();
            for part in other.iter_mut().step_by(2).take(EACH) {
                expected.push(maker.inject(part, "", 0));
            }
            injected += expected.len();
            let is_free = seed % 2 == 1;
            let left = written(&mut maker.chance, style, "staging", false, &parts);
            let right = written(&mut maker.chance, style, "production", is_free, &other);
            let reported = compared(style, &left, &right);
            let messages: Vec<&String> = reported
                .complaints
                .iter()
                .map(|each| &each.message)
                .collect();
            assert!(
                messages.is_empty(),
                "{style:?} {seed}: {messages:?}\n{left}\n=====\n{right}"
            );
            let mut found: Vec<String> = reported
                .located
                .iter()
                .map(|located| {
                    if style != Style::Lines {
                        return located.disagreement.path.to_string();
                    }
                    // A line is identified by its first word.
                    let span = located.left.as_ref().or(located.right.as_ref()).unwrap();
                    let line = &span.file.text[span.start()..];
                    line.split(' ').next().unwrap().to_owned()
                })
                .collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{style:?} {seed}\n{left}\n=====\n{right}");
            for located in &reported.located {
                points_there(style, located);
            }
        }
    }
    assert_eq!(injected, 1_000);
}

/// Checks that a key or a value is at the reported position.
fn points_there(style: Style, located: &evenkeel_comparison::Located) {
    let path = located.disagreement.path.to_string();
    let key = path
        .rsplit(['.', '['])
        .next()
        .unwrap()
        .trim_end_matches(']');
    for (span, side) in [
        (&located.left, &located.disagreement.left),
        (&located.right, &located.disagreement.right),
    ] {
        let (Some(span), Some(side)) = (span, side) else {
            continue;
        };
        let text = &span.file.text[span.start()..span.end()];
        let line_start = span.file.text[..span.start()]
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let before = &span.file.text[line_start..span.end()];
        match &side.scalar {
            Some(_) if style == Style::Lines => assert!(text.contains(" is "), "{path}: {text}"),
            _ => assert!(
                before.contains(key) || style == Style::Properties || key.starts_with("name="),
                "{style:?} {path}: {before}"
            ),
        }
    }
}

#[test]
fn a_thousand_worlds_in_other_words_are_in_parity() {
    let mut worlds = 0;
    for style in STYLES {
        for seed in 1_000..1_125 {
            let (mut maker, parts) = world(style, seed);
            let left = written(&mut maker.chance, style, "staging", seed % 2 == 1, &parts);
            let right = written(&mut maker.chance, style, "production", true, &parts);
            let reported = compared(style, &left, &right);
            let complaints: Vec<&String> = reported
                .complaints
                .iter()
                .map(|each| &each.message)
                .collect();
            assert!(
                complaints.is_empty(),
                "{style:?} {seed}: {complaints:?}\n{left}\n=====\n{right}"
            );
            let found: Vec<String> = reported
                .located
                .iter()
                .map(|located| {
                    format!(
                        "{} {:?}",
                        located.disagreement.path, located.disagreement.matter
                    )
                })
                .collect();
            assert!(
                found.is_empty(),
                "{style:?} {seed}: {found:?}\n{left}\n=====\n{right}"
            );
            worlds += 1;
        }
    }
    assert_eq!(worlds, 1_000);
}
