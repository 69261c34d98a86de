//! Contents that arrived before they are needed, within a limit of memory.

use std::collections::HashMap;
use std::sync::Arc;

use evenkeel_host::Action;
use evenkeel_host::wire::limit;
use evenkeel_model::Digest;

/// A content, as it arrived.
#[derive(Clone)]
pub(crate) enum Arrived {
    Bytes(Arc<[u8]>),
    /// It does not exist.
    Missing,
    /// It is to be requested in parts.
    InParts,
}

impl Arrived {
    fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Missing | Self::InParts => 0,
        }
    }
}

/// The contents that the actions of a request need.
#[derive(Default)]
pub(crate) struct Ahead {
    /// In the order of the actions, each once; and how many actions still need it.
    needed: Vec<(Digest, u32)>,
    numbers: HashMap<Digest, usize>,
    arrived: HashMap<Digest, Arrived>,
    /// The number of bytes that arrived and are kept.
    size: u64,
}

impl Ahead {
    pub(crate) fn of(actions: &[Action]) -> Self {
        let mut ahead = Self::default();
        for action in actions {
            if let Action::File(file) = action {
                let next = ahead.needed.len();
                let number = *ahead.numbers.entry(file.content).or_insert(next);
                match ahead.needed.get_mut(number) {
                    Some((_, uses)) => *uses += 1,
                    None => ahead.needed.push((file.content, 1)),
                }
            }
        }
        ahead
    }

    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.arrived.contains_key(digest)
    }

    /// Returns which contents to request when one is needed: that one, and those that probably are needed next. Also
    /// returns the room for them.
    pub(crate) fn request(&mut self, digest: Digest) -> (Vec<Digest>, u64) {
        if limit::AHEAD.saturating_sub(self.size) < limit::WHOLE {
            // None of these was needed until now: their files may have the contents already.
            self.arrived.clear();
            self.size = 0;
        }
        let mut digests = vec![digest];
        if let Some(number) = self.numbers.get(&digest) {
            let (before, after) = self.needed.split_at(*number);
            let next = after.iter().skip(1).chain(before);
            let next = next.filter(|(each, uses)| *uses > 0 && !self.arrived.contains_key(each));
            digests.extend(next.map(|(each, _)| *each).take(limit::CONTENTS - 1));
        }
        (digests, limit::AHEAD.saturating_sub(self.size))
    }

    pub(crate) fn add(&mut self, digest: Digest, arrived: Arrived) {
        self.size += arrived.size();
        if let Some(old) = self.arrived.insert(digest, arrived) {
            self.size -= old.size();
        }
    }

    /// Takes a content for one action.
    pub(crate) fn take(&mut self, digest: &Digest) -> Option<Arrived> {
        let number = self.numbers.get(digest);
        let uses = number.and_then(|number| Some(&mut self.needed.get_mut(*number)?.1));
        let left = uses.map_or(0, |uses| {
            *uses = uses.saturating_sub(1);
            *uses
        });
        if left > 0 {
            return self.arrived.get(digest).cloned();
        }
        let taken = self.arrived.remove(digest)?;
        self.size -= taken.size();
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ahead, Arrived};
    use evenkeel_host::wire::limit;
    use evenkeel_host::{Action, PathState, path};
    use evenkeel_model::Digest;

    fn file(content: u32) -> Action {
        Action::File(path::File {
            path: "/f".to_owned(),
            content: Digest::of(&content.to_le_bytes()),
            sealed: false,
            mode: 0o644,
            owner: None,
            group: None,
            validate: Vec::new(),
            expected: PathState::Missing,
        })
    }

    #[test]
    fn what_follows_is_requested_and_kept_within_a_limit() {
        let digest = |number: u32| Digest::of(&number.to_le_bytes());
        let actions: Vec<Action> = [0, 1, 2, 1].map(file).into();
        let mut ahead = Ahead::of(&actions);
        let (digests, room) = ahead.request(digest(1));
        assert_eq!(digests, [1, 2, 0].map(digest));
        assert_eq!(room, limit::AHEAD);
        ahead.add(digest(1), Arrived::Bytes(vec![0; 1000].into()));
        ahead.add(digest(2), Arrived::Missing);
        let (digests, room) = ahead.request(digest(0));
        assert_eq!(digests, [digest(0)]);
        assert_eq!(room, limit::AHEAD - 1000);
        // Two actions need it.
        assert!(matches!(ahead.take(&digest(1)), Some(Arrived::Bytes(_))));
        assert!(matches!(ahead.take(&digest(1)), Some(Arrived::Bytes(_))));
        assert!(ahead.take(&digest(1)).is_none());
        // Contents of other kinds of actions are requested alone.
        assert_eq!(ahead.request(digest(9)).0, [digest(9)]);
        ahead.add(digest(9), Arrived::Bytes(vec![0; 10].into()));
        assert!(ahead.take(&digest(9)).is_some());
        assert_eq!(ahead.request(digest(8)).1, limit::AHEAD);
        // Contents that nothing takes make room for others.
        let size = usize::try_from(limit::AHEAD).unwrap();
        ahead.add(digest(0), Arrived::Bytes(vec![0; size].into()));
        assert_eq!(
            ahead.request(digest(2)),
            ([2, 0].map(digest).into(), limit::AHEAD)
        );
        let many: Vec<Action> = (0..10_000).map(file).collect();
        assert_eq!(Ahead::of(&many).request(digest(5)).0.len(), limit::CONTENTS);
    }
}
