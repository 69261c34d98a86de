//! Parsing of `[notify.NAME]`: hooks that are called with outcomes.
//!
//! Calling them is left to the layers above.

use std::time::Duration;

use super::super::check::check_table;
use super::super::definition::{Hook, HookCall};
use super::super::{codes, fields};
use super::{Reader, texts};
use evenkeel_model::defect::Defect;
use evenkeel_model::duration;
use evenkeel_model::source::{Node, Table};

/// Time limit without `within`.
const WITHIN: Duration = Duration::from_secs(5);

/// Longest time limit: a command waits for its hooks.
const LONGEST: Duration = Duration::from_secs(30);

impl Reader<'_> {
    /// Parses all hooks, in the order of their names.
    pub(super) fn hooks(&mut self, node: &Node) -> Vec<Hook> {
        let mut hooks = Vec::new();
        let Some(table) = self.table(node, "notify") else {
            return hooks;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("notify.{key}");
            self.word(key, key_span, &subject);
            let Some(table) = self.table(node, &subject) else {
                continue;
            };
            let before = self.complaints.len();
            check_table(
                table,
                fields::NOTIFY,
                &node.span,
                &subject,
                false,
                &mut self.complaints,
            );
            let secret = table
                .get("secret")
                .and_then(|node| self.secret_source(node, &format!("{subject}.secret")));
            let call = self.hook_call(table, node, &subject, self.complaints.len() == before);
            let within = self.hook_within(table, &subject);
            if let Some(call) = call {
                hooks.push(Hook {
                    name: key.to_string(),
                    on: match texts(table.get("on")) {
                        all if all.is_empty() => {
                            fields::EVENTS.iter().map(|it| (*it).to_owned()).collect()
                        }
                        some => some,
                    },
                    call,
                    secret,
                    within,
                });
            }
        }
        hooks.sort_by(|a, b| a.name.cmp(&b.name));
        hooks
    }

    /// Returns how a hook is called; `None` with a defect unless exactly one way is declared.
    fn hook_call(
        &mut self,
        table: &Table,
        node: &Node,
        subject: &str,
        is_sound: bool,
    ) -> Option<HookCall> {
        match (table.get("run"), table.get("url")) {
            (Some(run), None) => Some(HookCall::Run(texts(Some(run)))).filter(|_| is_sound),
            (None, Some(url)) if url.as_table().is_some() => self
                .secret_source(url, &format!("{subject}.url"))
                .map(HookCall::SecretUrl),
            (None, Some(url)) => {
                let text = url.as_text()?;
                let is_http = text.starts_with("https://") || text.starts_with("http://");
                let authority = text
                    .split("://")
                    .nth(1)
                    .and_then(|rest| rest.split('/').next());
                if authority.is_some_and(|authority| authority.contains('@')) {
                    self.exposed.push(url.span.clone());
                    self.complaints.push(
                        Defect::new(
                            &codes::WRONG_FORM,
                            subject,
                            format!("{subject}: the URL contains a password, and a secret must not be written in a definition"),
                        )
                        .attribute("url")
                        .at(&url.span, "expected a URL without a password")
                        .help("remove it from the file and from the repository's history, and name the source of the URL: `url = { env = … }`"),
                    );
                    return None;
                }
                if !is_http {
                    self.complaints.push(
                        Defect::new(
                            &codes::WRONG_FORM,
                            subject,
                            format!("{subject}: `url` is neither http nor https"),
                        )
                        .attribute("url")
                        .at(&url.span, "expected `https://…`"),
                    );
                    return None;
                }
                Some(HookCall::Url(text.to_owned()))
            }
            (Some(_), Some(url)) => {
                self.complaints.push(
                    Defect::new(
                        &codes::MEANINGLESS,
                        subject,
                        format!("{subject} has `run` and `url`, and a hook is called in one way"),
                    )
                    .at(&url.span, "remove this one or `run`"),
                );
                None
            }
            (None, None) => {
                if is_sound {
                    self.complaints.push(
                        Defect::new(
                            &codes::MISSING_KEY,
                            subject,
                            format!(
                                "{subject} does not say what is called: `run` or `url` is missing"
                            ),
                        )
                        .at(&node.span, "expected one of them"),
                    );
                }
                None
            }
        }
    }

    /// Returns the time limit of a hook.
    fn hook_within(&mut self, table: &Table, subject: &str) -> Duration {
        let Some(node) = table.get("within") else {
            return WITHIN;
        };
        let Some(within) = node.as_text().and_then(duration::parse) else {
            return WITHIN;
        };
        if within > LONGEST || within.is_zero() {
            self.complaints.push(
                Defect::new(
                    &codes::WRONG_FORM,
                    subject,
                    format!("{subject}: `within` is not between 1 ms and 30 s"),
                )
                .attribute("within")
                .at(
                    &node.span,
                    "expected at most \"30s\": commands wait for their hooks",
                ),
            );
        }
        within.min(LONGEST)
    }
}
