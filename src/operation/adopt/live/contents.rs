//! Contents of files: whether a definition may contain what was found, and where it goes.

use std::collections::BTreeSet;

use super::{Adopting, plain};
use crate::operation::Failure;
use crate::operation::picture::Resolution;
use evenkeel_core::environment::rewrite::Layer;
use evenkeel_document::covering;
use evenkeel_host::{Answer, Query, content};
use evenkeel_model::text::inert;
use evenkeel_model::{Digest, EnvironmentName, HostName, Instance, Member, Value};

/// Longest content that is written into a definition itself, in bytes.
const LONGEST_INLINE: usize = 16 * 1024;

/// Key that sets the content of a file.
pub(super) enum ContentKey {
    Inline,
    Source(String),
}

impl Adopting<'_> {
    /// Returns the key that sets the content of this file.
    pub(super) fn content_key(&self) -> Result<ContentKey, Failure> {
        let block = &self.resource.block;
        if block.get("content").is_some() {
            return Ok(ContentKey::Inline);
        }
        if let Some(source) = plain(block, "source") {
            return Ok(ContentKey::Source(source.to_owned()));
        }
        let at = block.place("template");
        Err(Failure::Refused {
            reason: format!(
                "{} ({}): content is rendered from a template ({}), which the found content would replace",
                self.address,
                self.name,
                at.location()
            ),
            help: format!(
                "change the template {}, or its values, yourself",
                plain(block, "template").map_or_else(String::new, |path| self.project.shown(path))
            ),
        })
    }

    /// Reads the content of a file on the first of the hosts that have it.
    pub(super) fn content(
        &self,
        resolution: &Resolution,
        digest: &Digest,
        chosen: &[Instance],
    ) -> Result<(Vec<u8>, String), Failure> {
        let host = chosen.first().and_then(|instance| instance.host.as_ref());
        let path = self.resource.declared.place().to_owned();
        let reason = match self.read(resolution, host, &path)? {
            Ok(Some(bytes)) if Digest::of(&bytes) == *digest => return Ok((bytes, path)),
            Ok(Some(_)) => "it changed while it was read: run the command again".to_owned(),
            Ok(None) => "it was removed while it was read: run the command again".to_owned(),
            Err(reason) => reason,
        };
        Err(self.unread(&path, &reason))
    }

    /// Reads the content of a file on the host of an instance; `None` if it is missing.
    pub(super) fn bytes(
        &self,
        resolution: &Resolution,
        instance: &Instance,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.read(resolution, instance.host.as_ref(), path)?
            .map_err(|reason| self.unread(path, &reason))
    }

    fn unread(&self, path: &str, reason: &str) -> Failure {
        Failure::Refused {
            reason: format!(
                "{} ({}): the content of {} cannot be adopted: {}",
                self.address,
                self.name,
                inert(path),
                inert(reason)
            ),
            help: format!(
                "change the definition at {} yourself",
                self.resource.block.place("source").location()
            ),
        }
    }

    /// Reads the content of a file on a host. The inner error is the host's reason.
    fn read(
        &self,
        resolution: &Resolution,
        host: Option<&HostName>,
        path: &str,
    ) -> Result<Result<Option<Vec<u8>>, String>, Failure> {
        let targets = resolution.targets(self.project, self.name)?;
        let observers = targets.observers();
        let member = Member::new(&self.resource.on, host);
        let query = Query::Content(content::Query {
            path: path.to_owned(),
        });
        let answer = observers
            .get(&member)
            .and_then(|observer| observer.observe(std::slice::from_ref(&query)).pop());
        Ok(match answer {
            Some(Answer::Content(content::Answer { content })) => match content {
                None => Ok(None),
                Some(content) => match content.into_bytes() {
                    Some(bytes) => Ok(Some(bytes)),
                    None => Err("the host gave an invalid answer".to_owned()),
                },
            },
            Some(Answer::Unreadable { reason }) => Err(reason),
            _ => Err("the host gave no answer".to_owned()),
        })
    }

    /// Refuses a value with a likely secret that the definition does not contain already.
    pub(super) fn screen_value(&self, key: &str, value: &Value) -> Result<(), Failure> {
        let before = self.resource.block.get(key);
        let before = before.and_then(|placed| placed.expression.plain());
        let before = before.map_or_else(String::new, text);
        let bytes = text(value);
        self.screen(
            bytes.as_bytes(),
            Some(before.as_bytes()),
            &format!("`{key}`"),
        )
    }

    /// Returns a content that a definition may contain.
    pub(super) fn inline<'b>(&self, bytes: &'b [u8], path: &str) -> Result<&'b str, Failure> {
        let at = self.resource.block.place("content").location();
        let refused = |what: &str| Failure::Refused {
            reason: format!(
                "{} ({}): the content of {} {what}",
                self.address,
                self.name,
                inert(path)
            ),
            help: format!(
                "replace `content` at {at} by `source = \"files/…\"`, then run this again"
            ),
        };
        let text = str::from_utf8(bytes).map_err(|_| refused("is not UTF-8"))?;
        if bytes.len() > LONGEST_INLINE {
            return Err(refused("is longer than 16 KiB, too long for a definition"));
        }
        let before = self.resource.block.get("content");
        let before = before.and_then(|placed| placed.expression.plain()?.as_text());
        self.screen(bytes, before.map(str::as_bytes), path)?;
        Ok(text)
    }

    /// Refuses a content with a likely secret that the definitions do not contain already.
    pub(super) fn screen(
        &self,
        bytes: &[u8],
        before: Option<&[u8]>,
        path: &str,
    ) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(bytes);
        let before = String::from_utf8_lossy(before.unwrap_or_default());
        let known: BTreeSet<&str> = covering::secret_ranges(&before)
            .into_iter()
            .filter_map(|range| before.get(range))
            .collect();
        let new = covering::secret_ranges(&text)
            .into_iter()
            .filter(|range| {
                text.get(range.clone())
                    .is_none_or(|secret| !known.contains(secret))
            })
            .map(|range| range.start)
            .min();
        let Some(start) = new else {
            return Ok(());
        };
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        Err(Failure::Refused {
            reason: format!(
                "{} ({}): line {line} of {} seems to contain a secret, which the definitions must not contain",
                self.address,
                self.name,
                inert(path)
            ),
            help: "pass the secret through a parameter with `varies = \"secret\"` and a template"
                .to_owned(),
        })
    }

    /// Refuses a source file that another resource uses too.
    pub(super) fn check_source(
        &self,
        source: &str,
        layer: Layer,
        is_taken: bool,
    ) -> Result<(), Failure> {
        if is_taken {
            return Err(Failure::Refused {
                reason: format!("{} exists already", self.project.shown(source)),
                help: format!(
                    "remove it, or use it as the `source` of {} in {}",
                    self.address, self.name
                ),
            });
        }
        let definition = &self.project.definition;
        for environment in &definition.path {
            for (address, block) in definition.resources_of(environment) {
                let is_meant =
                    address == self.address && (environment == self.name || layer == Layer::Shared);
                if plain(block, "source") == Some(source) && !is_meant {
                    return Err(Failure::Refused {
                        reason: format!(
                            "{} is also the source of {address} ({environment}), at {}",
                            self.project.shown(source),
                            block.place("source").location()
                        ),
                        help: format!(
                            "give {} a separate source, then run this again",
                            self.address
                        ),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Returns all texts of a value, a line each.
fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::List(items) => items.iter().map(text).collect::<Vec<_>>().join("\n"),
        Value::Table(entries) => entries
            .iter()
            .map(|(name, item)| format!("{name}={}", text(item)))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

/// Returns the path of an environment's own copy of a source: `nginx.conf` becomes `nginx.production.conf`.
pub(super) fn beside(source: &str, name: &EnvironmentName) -> String {
    let (folder, file) = match source.rsplit_once('/') {
        Some((folder, file)) => (format!("{folder}/"), file),
        None => (String::new(), source),
    };
    match file.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{folder}{stem}.{name}.{extension}"),
        _ => format!("{folder}{file}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::beside;
    use evenkeel_model::EnvironmentName;

    #[test]
    fn an_own_source_lies_beside_the_shared_one() {
        let name = EnvironmentName::new("production");
        for (source, own) in [
            ("files/nginx.conf", "files/nginx.production.conf"),
            ("motd", "motd.production"),
            ("../x.d/.profile", "../x.d/.profile.production"),
        ] {
            assert_eq!(beside(source, &name), own);
        }
    }
}
