//! Resolution of scopes: each with the names in its baseline.

use std::sync::Arc;

use super::super::codes;
use super::super::host_baseline::{self, Names};
use super::Resolver;
use crate::environment::definition::Scope;
use evenkeel_model::Digest;
use evenkeel_model::defect::Defect;

/// Scope of hosts, with its baseline.
#[derive(Debug, Clone)]
pub struct ResolvedScope {
    /// As written.
    pub scope: Scope,
    /// The names in its baseline.
    pub baseline: Names,
}

impl ResolvedScope {
    /// Returns the target.
    #[must_use]
    pub fn on(&self) -> &Arc<str> {
        &self.scope.on
    }

    /// Whether the baseline lists a thing.
    #[must_use]
    pub fn has_in_baseline(&self, class: &str, name: &str) -> bool {
        self.baseline
            .get(class)
            .is_some_and(|names| names.contains(name))
    }
}

impl Resolver<'_> {
    /// Reads the baselines of all scopes. A missing file lists nothing, so it hides nothing.
    pub(super) fn scopes(&mut self) -> Vec<ResolvedScope> {
        let definition = self.definition;
        definition
            .scopes
            .values()
            .map(|scope| ResolvedScope {
                scope: scope.clone(),
                baseline: self.baseline_of(scope),
            })
            .collect()
    }

    fn baseline_of(&mut self, scope: &Scope) -> Names {
        let Some((path, span)) = &scope.baseline else {
            return Names::new();
        };
        let files = self.surroundings.files;
        let shown = files.shown(path);
        let read = match files.read(path) {
            Ok(None) => return Names::new(),
            Ok(Some(bytes)) => {
                self.files.insert(path.to_string(), Digest::of(&bytes));
                String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
            }
            Err(reason) => Err(reason),
        };
        let complaints = match read.map(|text| host_baseline::parse(&shown, &text)) {
            Ok(Ok(names)) => return names,
            Ok(Err(complaints)) => complaints,
            Err(reason) => {
                let message = format!("{shown} cannot be read: {reason}");
                let subject = format!("exclusive.{}", scope.name);
                vec![
                    Defect::new(&codes::UNREADABLE, subject, message)
                        .attribute("baseline")
                        .at(span, "named here"),
                ]
            }
        };
        self.complaints.extend(complaints);
        Names::new()
    }
}
