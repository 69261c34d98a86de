//! Parsing of `[exclusive.NAME]`: the target, the classes of things, the exceptions, and the file of the baseline.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::check::check_table;
use super::super::definition::Scope;
use super::super::{Definition, codes, fields};
use super::{Reader, texts};
use evenkeel_host::facts::THINGS;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Node, Span};
use evenkeel_model::text::{inert, list, nearest};

impl Reader<'_> {
    /// Parses the scopes of system.toml.
    pub(super) fn scopes(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "exclusive") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("exclusive.{key}");
            self.word(key, key_span, &subject);
            let Some(table) = self.table(node, &subject) else {
                continue;
            };
            check_table(
                table,
                fields::EXCLUSIVE,
                key_span,
                &subject,
                false,
                &mut self.complaints,
            );
            let Some((on, on_span)) = table
                .get("on")
                .and_then(|node| Some((node.as_text()?, node.span.clone())))
            else {
                continue;
            };
            let things = texts(table.get("things"));
            let is_chosen = |class: &str| things.is_empty() || things.iter().any(|it| it == class);
            let classes = THINGS.iter().map(|(class, _)| *class);
            let classes: Vec<&'static str> = classes.filter(|class| is_chosen(class)).collect();
            let items = table.get("except").and_then(Node::as_list).unwrap_or(&[]);
            let except = items
                .iter()
                .filter_map(|item| {
                    let text = item.as_text().filter(|text| !text.is_empty())?;
                    self.exception(&subject, &classes, text, &item.span)
                })
                .collect();
            let baseline = table.get("baseline").and_then(|node| {
                let text = node.as_text().filter(|text| !text.is_empty())?;
                self.baseline_path(&subject, text, &node.span)
                    .then(|| (Arc::from(text), node.span.clone()))
            });
            let scope = Scope {
                name: Arc::clone(key),
                span: key_span.clone(),
                on: on.into(),
                on_span,
                classes,
                except,
                baseline,
            };
            definition.scopes.insert(Arc::clone(key), scope);
        }
    }

    /// Checks that the targets of scopes exist, and that no two scopes own a class of one.
    pub(super) fn targets_of_scopes(&mut self, definition: &Definition) {
        let mut owners: BTreeMap<(&str, &str), &Scope> = BTreeMap::new();
        for scope in definition.scopes.values() {
            let subject = format!("exclusive.{}", scope.name);
            self.target_of(definition, &subject, &scope.on, &scope.on_span);
            let mut twice = None;
            for class in &scope.classes {
                let owner = *owners.entry((&scope.on, class)).or_insert(scope);
                if owner.name != scope.name {
                    twice.get_or_insert((owner, *class));
                }
            }
            if let Some((owner, class)) = twice {
                let message = format!(
                    "exclusive.{} and {subject} own `{class}` of the target `{}`",
                    owner.name, scope.on
                );
                self.complaints.push(
                    Defect::new(&codes::OWNED_TWICE, subject, message)
                        .attribute("things")
                        .at(&scope.span, "the second one")
                        .at(&owner.span, "the first one"),
                );
            }
        }
    }

    /// Returns the class and the pattern of an exception.
    fn exception(
        &mut self,
        subject: &str,
        classes: &[&'static str],
        text: &str,
        span: &Span,
    ) -> Option<(&'static str, String)> {
        let (word, pattern) = text.split_once('.').unwrap_or((text, ""));
        let class = THINGS
            .iter()
            .map(|(class, _)| *class)
            .find(|it| *it == word);
        let label = match class {
            None => {
                let known = THINGS.iter().map(|(class, _)| *class);
                match nearest(word, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("expected {}", list(&known.collect::<Vec<_>>(), "or")),
                }
            }
            Some(class) if !classes.contains(&class) => {
                format!("`things` of {subject} does not contain `{class}`")
            }
            Some(class) if pattern.chars().all(|each| each == '*') => {
                format!(
                    "expected a pattern after `{class}.`; to accept all, leave `{class}` out of `things`"
                )
            }
            Some(class) => return Some((class, pattern.to_owned())),
        };
        let message = format!(
            "{subject}: `{}` in `except` is not a class and a pattern",
            inert(text)
        );
        self.complaints.push(
            Defect::new(&codes::WRONG_FORM, subject, message)
                .attribute("except")
                .at(span, label)
                .help("write `CLASS.PATTERN`, such as `packages.linux-*`"),
        );
        None
    }

    /// Whether the path of a baseline is one below the directory of the definitions. A TOML file directly in that directory is
    /// an environment.
    fn baseline_path(&mut self, subject: &str, path: &str, span: &Span) -> bool {
        let mut parts = path.split('/');
        let is_plain = parts.clone().count() > 1
            && parts.all(|part| !["", ".", ".."].contains(&part) && !part.starts_with('.'))
            && !path.chars().any(char::is_control);
        if is_plain && path.ends_with(".toml") {
            return true;
        }
        self.complaints.push(
            Defect::new(
                &codes::WRONG_FORM,
                subject,
                format!("{subject}: `{}` is no path of a baseline", inert(path)),
            )
            .attribute("baseline")
            .at(
                span,
                "expected a TOML file in a subdirectory, such as `baselines/web.toml`",
            ),
        );
        false
    }
}
