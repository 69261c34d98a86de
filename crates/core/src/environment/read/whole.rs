//! Checks that need all files, and removal of defects that a broken file may cause.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Definition, codes, document, reference};
use super::{DIFFERENCES_FILE, Reader, SYSTEM_FILE};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Node, Span};

impl Reader<'_> {
    /// Drops defects that a syntax error may cause: about missing keys, and between the error and the next table's
    /// header.
    pub(super) fn only_what_is_sure(&mut self) {
        let mut broken: BTreeMap<String, Vec<std::ops::Range<usize>>> = BTreeMap::new();
        for complaint in &self.complaints {
            if let (true, Some(label)) =
                (complaint.code == &codes::SYNTAX, complaint.labels.first())
            {
                let Span { file, .. } = &label.span;
                let start = file.text.floor_char_boundary(label.span.start());
                let (before, after) = file.text.split_at(start);
                let line = before.rfind('\n').map_or(0, |feed| feed + 1);
                let end = after.find("\n[").map_or(file.text.len(), |at| start + at);
                broken.entry(file.path.clone()).or_default().push(line..end);
            }
        }
        self.complaints.retain(|complaint| {
            let doubtful = complaint.labels.first().is_some_and(|label| {
                broken.get(&label.span.file.path).is_some_and(|ranges| {
                    let start = label.span.start();
                    ranges.iter().any(|range| range.contains(&start))
                })
            });
            complaint.code == &codes::SYNTAX || !(doubtful || complaint.code == &codes::MISSING_KEY)
        });
    }

    /// Checks that the kinds of suites required by the policy are declared. Default requirements count only if there is
    /// something to release.
    pub(super) fn required_suites(&mut self, definition: &Definition) {
        if self.required.is_none() && !definition.has_resources() {
            return;
        }
        for kind in &definition.policy.require {
            let declared = definition.suites.values().any(|block| {
                reference::plain_text(block, "kind").is_some_and(|(text, _)| text == kind)
            });
            let Some(file) = definition.files.first().filter(|_| !declared) else {
                continue;
            };
            let items = self.required.as_ref().and_then(Node::as_list);
            let item = items
                .unwrap_or(&[])
                .iter()
                .find(|item| item.as_text() == Some(kind));
            let place = item.map_or_else(|| Span::start_of(file), |item| item.span.clone());
            self.complaints.push(
                Defect::new(
                    &codes::MISSING_KEY,
                    "release",
                    format!("a suite of kind `{kind}` is required, and none is declared"),
                )
                .at(&place, "no such suite in this file")
                .help(format!(
                    "declare `[suite.…]` with `kind = \"{kind}\"`, or remove \"{kind}\" from `[release] require`"
                )),
            );
        }
    }

    /// Reports files that look like environments and are not on the path.
    pub(super) fn strangers(&mut self, definition: &Definition) {
        let names = match self.files.definitions() {
            Ok(names) => names,
            Err(reason) => {
                self.complaints.push(Defect::new(
                    &codes::UNREADABLE,
                    "environments",
                    format!("the directory of the definitions cannot be listed: {reason}"),
                ));
                return;
            }
        };
        // Contents of resources may be TOML files in this directory.
        let used: BTreeSet<&str> = definition
            .resources
            .values()
            .chain(
                definition
                    .environments
                    .values()
                    .flat_map(|environment| environment.resources.values()),
            )
            .flat_map(|block| ["source", "template"].map(|key| block.get(key)))
            .filter_map(|placed| placed?.expression.plain()?.as_text())
            .map(|path| path.trim_start_matches("./"))
            .collect();
        for file in names {
            let shown = self.files.shown(&file);
            if used.contains(file.as_str()) || document::names(definition, &shown) {
                continue;
            }
            let stem = file.strip_suffix(".toml").unwrap_or(&file);
            let is_known = [SYSTEM_FILE, DIFFERENCES_FILE].contains(&file.as_str());
            if !is_known && !definition.path.iter().any(|name| name.as_str() == stem) {
                self.complaints.push(
                    Defect::new(
                        &codes::MEANINGLESS,
                        shown.clone(),
                        format!("{shown} is not an environment of the system's `path`"),
                    )
                    .help(format!(
                        "add \"{stem}\" to `path` in system.toml, or move the file"
                    )),
                );
            }
        }
    }
}
