//! What an action on a mount wants, and the words that all targets share.

use super::{Answer, MountFound, MountSource, SetMount};
use crate::ActionError;

/// A part of a wanted mount that is not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// It is not mounted.
    NotMounted,
    /// Something is mounted although nothing should be.
    Mounted,
    /// Another device or type is mounted.
    Another,
    /// Options differ.
    Options,
}

impl SetMount {
    /// Returns what is wrong with what is mounted.
    pub(super) fn lack(&self, answer: &Answer) -> Option<Lack> {
        match (&answer.found.mounted, self.mounted) {
            (None, true) => Some(Lack::NotMounted),
            (Some(_), false) => Some(Lack::Mounted),
            (None, false) => None,
            (Some(mounted), true) => {
                if !answer.is_device || !self.wanted.has_type_of(mounted) {
                    return Some(Lack::Another);
                }
                let (expected, _) = self.wanted.differences(mounted);
                (!expected.is_empty()).then_some(Lack::Options)
            }
        }
    }

    /// Whether the lines of `/etc/fstab` are as wanted.
    pub(super) fn has_line(&self, found: &MountFound) -> bool {
        match &found.lines[..] {
            [] => !self.persistent,
            [line] => self.persistent && self.wanted.is_line(line),
            _ => false,
        }
    }

    pub(super) fn is_done(&self, answer: &Answer) -> bool {
        self.lack(answer).is_none() && self.has_line(&answer.found)
    }
}

pub(super) fn changed(path: &str, expected: &MountFound, found: &MountFound) -> ActionError {
    ActionError::Changed {
        path: path.to_owned(),
        expected: describe(expected),
        found: describe(found),
    }
}

/// Returns the reason of several lines for one path.
pub(super) fn ambiguous(found: &MountFound) -> Option<String> {
    (found.lines.len() > 1).then(|| {
        format!(
            "`/etc/fstab` has {} lines for this path: remove all but one",
            found.lines.len()
        )
    })
}

fn describe(found: &MountFound) -> String {
    let words = |source: &MountSource| {
        format!(
            "{} ({}, {})",
            source.device,
            source.filesystem,
            source.written()
        )
    };
    let mounted = found
        .mounted
        .as_ref()
        .map_or_else(|| "nothing mounted".to_owned(), words);
    match &found.lines[..] {
        [] => format!("{mounted}, and no line in `/etc/fstab`"),
        lines => {
            let lines: Vec<String> = lines.iter().map(words).collect();
            format!("{mounted}, and `/etc/fstab` with {}", lines.join(" and "))
        }
    }
}
