//! The file of a baseline: things that the hosts of a scope may have besides what is declared.
//!
//! Pure: reading and writing files is left to others. Adding keeps every existing line, with its comments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::check::check_table;
use super::{codes, fields};
use evenkeel_document::definition;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Node, SourceFile, Span};

/// Names of things, by class.
pub type Names = BTreeMap<String, BTreeSet<String>>;

/// First lines of a new file.
const HEAD: &str = "\
# Things that these hosts may have besides what is declared, such as those of their image.
# `evenkeel baseline --unmanaged` adds lines. To have a thing reported again, delete its line.
";

/// Reads the names of a file. `shown` is its displayed path.
///
/// # Errors
///
/// All defects of the file.
pub fn parse(shown: &str, text: &str) -> Result<Names, Vec<Defect>> {
    let file = SourceFile::new(shown, text);
    let (table, problems) = definition(&file);
    let mut complaints: Vec<Defect> = problems
        .into_iter()
        .map(|problem| {
            let message = format!("{shown} is not TOML: {}", problem.message);
            Defect::new(&codes::SYNTAX, shown, message).at(&problem.span, "here")
        })
        .collect();
    check_table(
        &table,
        fields::HOST_BASELINE,
        &Span::start_of(&file),
        shown,
        false,
        &mut complaints,
    );
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let names = table.entries.iter().map(|(key, _, node)| {
        let items = node.as_list().unwrap_or(&[]).iter();
        let names = items.filter_map(Node::as_text).map(str::to_owned);
        (key.to_string(), names.collect())
    });
    Ok(names.collect())
}

/// Returns the text of a file with names added, each on a line, in the order of names. Names in the file stay.
///
/// # Errors
///
/// A message, when the existing file is invalid or has several names on a line.
pub fn add(text: Option<&str>, new: &Names) -> Result<String, String> {
    const SHOWN: &str = "the baseline";
    let old = text.unwrap_or_default();
    let wrong = |complaints: Vec<Defect>| {
        let first = complaints.into_iter().next();
        first.map_or_else(String::new, |defect| defect.message)
    };
    let mut expected = parse(SHOWN, old).map_err(wrong)?;
    let mut lines: Vec<String> = old.lines().map(str::to_owned).collect();
    if old.trim().is_empty() {
        lines = HEAD.lines().map(str::to_owned).collect();
    }
    for (class, names) in new {
        let known = expected.entry(class.clone()).or_default();
        let names: Vec<&String> = names.iter().filter(|name| !known.contains(*name)).collect();
        if names.is_empty() {
            continue;
        }
        known.extend(names.iter().map(|name| (*name).clone()));
        insert(&mut lines, class, &names);
    }
    let is_dos = old.contains("\r\n");
    let mut whole = lines.join(if is_dos { "\r\n" } else { "\n" });
    whole.push_str(if is_dos { "\r\n" } else { "\n" });
    expected.retain(|_, names| !names.is_empty());
    let mut found = parse(SHOWN, &whole).unwrap_or_default();
    found.retain(|_, names| !names.is_empty());
    if found == expected {
        Ok(whole)
    } else {
        Err(
            "it has another layout: write one thing on each line, with a comma at its end"
                .to_owned(),
        )
    }
}

/// Inserts names into the list of a class.
fn insert(lines: &mut Vec<String>, class: &str, names: &[&String]) {
    let start = lines.iter().position(|line| {
        let rest = line.strip_prefix(class).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with('='))
    });
    let Some(start) = start else {
        lines.extend([String::new(), format!("{class} = [")]);
        lines.extend(names.iter().map(|name| written(name)));
        lines.push("]".to_owned());
        return;
    };
    if lines
        .get(start)
        .is_some_and(|line| line.split('=').nth(1).map(str::trim) == Some("[]"))
    {
        let mut list = vec![format!("{class} = [")];
        list.extend(names.iter().map(|name| written(name)));
        list.push("]".to_owned());
        lines.splice(start..=start, list);
        return;
    }
    let mut at = start + 1;
    for name in names {
        while let Some(line) = lines.get(at) {
            let is_end = line.trim_start().starts_with(']');
            if is_end || name_on(line).is_some_and(|other| other > **name) {
                break;
            }
            at += 1;
        }
        // A comment above the next name belongs to it.
        let mut place = at;
        while place > start + 1
            && lines
                .get(place - 1)
                .is_some_and(|line| line.trim_start().starts_with('#'))
        {
            place -= 1;
        }
        if place > lines.len() {
            return;
        }
        lines.insert(place, written(name));
        at += 1;
    }
}

/// Returns the line of a name.
fn written(name: &str) -> String {
    let value: toml_edit::Value = name.into();
    format!("  {},", value.to_string().trim())
}

/// Returns the name on a line.
fn name_on(line: &str) -> Option<String> {
    let file: Arc<SourceFile> = SourceFile::new("item", format!("x = [\n{line}\n]\n"));
    let (table, _) = definition(&file);
    let item = table.get("x")?.as_list()?.first()?;
    item.as_text().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Names, add, parse};

    fn names(of: &[(&str, &[&str])]) -> Names {
        of.iter()
            .map(|(class, names)| {
                let names = names.iter().map(|name| (*name).to_owned()).collect();
                ((*class).to_owned(), names)
            })
            .collect()
    }

    #[test]
    fn a_new_file_has_one_line_for_each_thing() {
        let new = names(&[("ports", &["tcp *:22"]), ("packages", &["vim", "apt"])]);
        let text = add(None, &new).unwrap();
        assert!(
            text.ends_with(
                "\n\npackages = [\n  \"apt\",\n  \"vim\",\n]\n\nports = [\n  \"tcp *:22\",\n]\n"
            ),
            "{text}"
        );
        assert_eq!(parse("x", &text).unwrap(), new);
        assert_eq!(add(Some(&text), &new).unwrap(), text);
    }

    #[test]
    fn existing_lines_and_comments_stay() {
        let old = "# head\npackages = [\n  'b', # why b\n  # about d\n  \"d\",\n]\nusers = []\n";
        let new = names(&[("packages", &["a", "c", "e", "b"]), ("users", &["ada"])]);
        assert_eq!(
            add(Some(old), &new).unwrap(),
            "# head\npackages = [\n  \"a\",\n  'b', # why b\n  \"c\",\n  # about d\n  \"d\",\n  \"e\",\n]\nusers = [\n  \"ada\",\n]\n"
        );
        let dos = "packages = [\r\n  \"b\",\r\n]\r\n";
        let new = names(&[("packages", &["a"])]);
        assert_eq!(
            add(Some(dos), &new).unwrap(),
            "packages = [\r\n  \"a\",\r\n  \"b\",\r\n]\r\n"
        );
    }

    #[test]
    fn a_file_that_cannot_be_extended_is_refused() {
        let new = names(&[("packages", &["c"])]);
        for old in ["packages = [\"a\", \"b\"]\n", "packages = [\n  \"a\"\n]\n"] {
            let message = add(Some(old), &new).unwrap_err();
            assert!(
                message.contains("one thing on each line"),
                "{old}: {message}"
            );
        }
        assert!(add(Some("packages = [\n"), &new).is_err());
        assert!(add(Some("colours = [\"red\"]\n"), &new).is_err());
    }

    proptest::proptest! {
        #[test]
        fn adding_is_a_union(old in proptest::collection::btree_set(".{1,12}", 0..8), new in proptest::collection::btree_set(".{1,12}", 0..8)) {
            let of = |names: &std::collections::BTreeSet<String>| Names::from([("users".to_owned(), names.clone())]);
            let first = add(None, &of(&old)).unwrap();
            let both = add(Some(&first), &of(&new)).unwrap();
            let all: std::collections::BTreeSet<String> = old.union(&new).cloned().collect();
            let found = parse("x", &both).unwrap().remove("users").unwrap_or_default();
            proptest::prop_assert_eq!(found, all);
            for line in first.lines() {
                proptest::prop_assert!(both.lines().any(|other| other == line), "{}", line);
            }
        }
    }
}
