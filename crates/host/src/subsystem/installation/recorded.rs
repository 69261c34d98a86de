//! The part of a target in memory: the same conditions and messages as on this machine.

use std::cmp::Reverse;

use super::{Answer, Install, Query, Uninstall};
use crate::port::Outcome;
use crate::recorded::{Installed, Kit, Recorded, RecordedHost, broken, changed, failed, noted};
use crate::subsystem::Action;
use crate::{ActionError, PathState, Performed};
use evenkeel_model::{Digest, Sealer};

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        let installed = host
            .installations
            .get(&self.into)
            .cloned()
            .unwrap_or_default();
        let actual = installed
            .current
            .and_then(|current| installed.releases.get(&current));
        Answer {
            current: installed.current,
            actual: actual.map(|(actual, _)| *actual),
            releases: installed.releases.keys().copied().collect(),
            held: installed
                .releases
                .get(&self.artifact)
                .is_some_and(|(actual, _)| *actual == self.artifact),
            changed: installed.current.and(installed.changed),
        }
        .into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, kit: &Kit<'_>) -> Outcome {
        match action {
            Action::Install(wanted) => host.install(wanted, kit),
            Action::Uninstall(wanted) => host.uninstall(wanted),
            other => broken(other),
        }
    }
}

impl RecordedHost {
    fn install(&mut self, wanted: &Install, kit: &Kit<'_>) -> Outcome {
        let (into, artifact, keep) = (wanted.into.as_str(), wanted.artifact, wanted.keep);
        let expected = wanted.expected.as_ref();
        if !matches!(self.standing(into, None), Ok(PathState::Directory { .. })) {
            return Err(failed(
                into,
                format!("directory `{into}` not found: create it first"),
            ));
        }
        let installed = self.installations.get(into).cloned().unwrap_or_default();
        let whole = installed
            .releases
            .get(&artifact)
            .is_some_and(|(actual, _)| *actual == artifact);
        if installed.current == Some(artifact) && whole {
            return Ok(noted("already so"));
        }
        if installed.current.as_ref() != expected {
            return Err(release_changed(into, expected, installed.current.as_ref()));
        }
        if !whole && kit.materials.artifact(&artifact).is_none() {
            return Err(failed(
                into,
                "artifact unavailable: build it first, then plan again",
            ));
        }
        let now = self.now();
        let Installed {
            current: previous,
            mut releases,
            ..
        } = installed;
        if !whole {
            releases.insert(artifact, (artifact, self.ticks));
        }
        let mut others: Vec<_> = releases
            .iter()
            .filter(|(digest, _)| **digest != artifact)
            .map(|(digest, (_, came))| (Some(*digest) == previous, *came, *digest))
            .collect();
        others.sort_by_key(|other| Reverse(*other));
        for (_, _, digest) in others.into_iter().skip(
            usize::try_from(keep)
                .unwrap_or(usize::MAX)
                .saturating_sub(1),
        ) {
            releases.remove(&digest);
        }
        let current = Some(artifact);
        self.installations.insert(
            into.to_owned(),
            Installed {
                current,
                releases,
                changed: Some(now),
            },
        );
        Ok(noted(if whole {
            "the release already exists"
        } else {
            "copied"
        }))
    }

    fn uninstall(&mut self, wanted: &Uninstall) -> Outcome {
        let (into, expected) = (wanted.into.as_str(), wanted.expected.as_ref());
        let Some(installed) = self.installations.get(into) else {
            return Ok(noted("already so"));
        };
        if installed.current.is_some() && installed.current.as_ref() != expected {
            return Err(release_changed(into, expected, installed.current.as_ref()));
        }
        self.installations.remove(into);
        Ok(Performed::default())
    }
}

fn release_changed(into: &str, expected: Option<&Digest>, found: Option<&Digest>) -> ActionError {
    let words = |digest: Option<&Digest>| {
        digest.map_or("no release".to_owned(), |digest| {
            format!("release {}", digest.short())
        })
    };
    changed(into, words(expected), words(found))
}
