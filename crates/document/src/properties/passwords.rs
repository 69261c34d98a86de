//! Files with a user and a password on each line: `htpasswd`, `htdigest`, pgbouncer's `userlist.txt`, `sasl_passwd`.
//!
//! `app:$apr1$…`, `"app" "…"` and `smtp.example.org app:…` are `{app: {password: …}}`: the key
//! marks the value as a secret regardless of its form. A user with two lines has a list of passwords.

use std::ops::Range;

use super::super::complaint::Outcome;
use super::super::gathering::{Entries, Gathering};
use super::super::tree::{Content, Entry, Node, Place, ScalarKind};

/// Names of such files, compared with the parts of a file's name.
const NAMES: &[&str] = &[
    "htpasswd",
    "htdigest",
    "passwd",
    "pwfile",
    "passwordfile",
    "password_file",
    "userlist",
    "sasl_passwd",
];

/// Returns whether a file has such a name, and each of its lines is a user and a password.
pub(super) fn is_one(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let is_named = name.split(['.', '-']).any(|part| NAMES.contains(&part));
    is_named && users(text).next().is_some() && users(text).all(|(_, _, user)| user.is_some())
}

/// Parses such a file.
pub(super) fn read(text: &str) -> Outcome {
    let mut gathering = Gathering::default();
    let mut all = Entries::default();
    for (start, line, user) in users(text) {
        if gathering.is_full() {
            break;
        }
        let Some(user) = user else { continue };
        let at = |part: &Range<usize>| Place::new(start + part.start, start + part.end);
        let words = |part: &Range<usize>| line.get(part.clone()).unwrap_or_default();
        let scalar = |part: &Range<usize>| Node::scalar(at(part), ScalarKind::Text, words(part));
        gathering.count(at(&user.name));
        let name = words(&user.name);
        let known = all.find(name);
        if let Some(first) = known.and_then(|entry| password_of(&mut entry.value)) {
            add(first, scalar(&user.password));
            continue;
        }
        let mut of_user = Entries::default();
        let between = user.between.as_ref().map(|(key, part)| (*key, part));
        for (key, part) in between.into_iter().chain([("password", &user.password)]) {
            of_user.push(Entry {
                key: key.into(),
                place: at(part),
                value: scalar(part),
            });
        }
        all.push(Entry {
            key: name.into(),
            place: at(&user.name),
            value: of_user.into_node(Place::new(start, start + line.len())),
        });
    }
    gathering.finish(all.into_node(Place::new(0, text.len())))
}

fn password_of(user: &mut Node) -> Option<&mut Node> {
    let Content::Map(entries) = &mut user.content else {
        return None;
    };
    entries.last_mut().map(|entry| &mut entry.value)
}

/// Adds another password of a user.
fn add(first: &mut Node, another: Node) {
    match &mut first.content {
        Content::List(items) => items.push(another),
        _ => {
            let place = first.place;
            let only = std::mem::replace(first, Node::new(place, Content::List(Vec::new())));
            first.content = Content::List(vec![only, another]);
        }
    }
}

/// The user of a line, with the place of each part in the line.
struct User {
    name: Range<usize>,
    /// The field between the name and the password, with its key.
    between: Option<(&'static str, Range<usize>)>,
    password: Range<usize>,
}

/// Returns the lines except for comments: the start, the text and the user of each.
fn users(text: &str) -> impl Iterator<Item = (usize, &str, Option<User>)> {
    let mut next = 0;
    text.split_inclusive('\n').filter_map(move |whole| {
        let start = next + whole.len() - whole.trim_start().len();
        next += whole.len();
        let line = whole.trim();
        (!line.is_empty() && !line.starts_with(['#', ';'])).then(|| (start, line, user(line)))
    })
}

fn user(line: &str) -> Option<User> {
    let length = line.len();
    // `"app" "text"`
    if let Some(rest) = line.strip_prefix('"') {
        let end = 1 + rest.find('"')?;
        let after = line.get(end + 1..)?.trim_start();
        let is_closed = after.len() > 1 && after.starts_with('"') && after.ends_with('"');
        return is_closed.then(|| User {
            name: 1..end,
            between: None,
            password: length - after.len() + 1..length - 1,
        });
    }
    // `[smtp.example.org]:587 app:text`
    if let Some(end) = line.find(char::is_whitespace) {
        let after = line.get(end..)?.trim_start();
        let start = length - after.len();
        let colon = start + after.find(':')?;
        let is_one = !after.contains(char::is_whitespace);
        return is_one.then_some(User {
            name: 0..end,
            between: Some(("user", start..colon)),
            password: colon + 1..length,
        });
    }
    let end = line.find(':')?;
    let rest = line.get(end + 1..)?;
    match rest.matches(':').count() {
        0 => Some(User {
            name: 0..end,
            between: None,
            password: end + 1..length,
        }),
        1 => {
            let colon = end + 1 + rest.find(':')?;
            Some(User {
                name: 0..end,
                between: Some(("realm", end + 1..colon)),
                password: colon + 1..length,
            })
        }
        // `/etc/passwd` has seven fields and no passwords.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::sensitive::Survey;
    use crate::{Format, covering, read};
    use evenkeel_model::source::SourceFile;

    #[test]
    fn each_line_is_a_user_with_a_password() {
        for (path, text, shown) in [
            ("nginx/htpasswd", "# a\napp:hunter2\n", "# a\napp:*******\n"),
            (
                "nginx/.htpasswd-staging",
                "app:rqXexS6ZhobKA",
                "app:*************",
            ),
            (
                "apache/staging.htdigest",
                "app:realm:0a1b2c",
                "app:realm:******",
            ),
            (
                "userlist.txt",
                "\"app\" \"hunter2\"\n;x",
                "\"app\" \"*******\"\n;x",
            ),
            (
                "postfix/sasl_passwd",
                "[a.example]:587 app:hunter2",
                "[a.example]:587 app:*******",
            ),
            ("htpasswd", "app:one\napp:two", "app:***\napp:***"),
        ] {
            let file: Arc<SourceFile> = SourceFile::new(path, text);
            assert_eq!(Format::of_file(&file), Format::Properties, "{path}");
            let document = read(&file, Format::Properties).expect(path);
            let ranges = Survey::of(&document).into_ranges();
            assert_eq!(covering::covered(text, ranges), shown, "{path}");
        }
    }

    #[test]
    fn other_files_are_not_password_files() {
        for (path, text) in [
            ("etc/passwd", "root:x:0:0:root:/root:/bin/sh"),
            ("htpasswd", "app hunter2"),
            ("users.txt", "app:hunter2"),
            ("userlist.txt", "app, web"),
            ("htpasswd", ""),
        ] {
            let file: Arc<SourceFile> = SourceFile::new(path, text);
            assert_eq!(Format::of_file(&file), Format::Lines, "{path} {text}");
        }
    }
}
