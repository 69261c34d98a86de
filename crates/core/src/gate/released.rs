//! Facts of earlier releases for the next one: environments, commit and requirements.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Demands, Dossier, Weakened};
use evenkeel_model::EnvironmentName;

/// Facts of earlier releases. A stored type: see `dossier`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReleasedFacts {
    /// The last release.
    pub release: String,
    /// Every environment that was ever released to.
    pub environments: BTreeSet<EnvironmentName>,
    /// Commit of the last release that had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether the definitions are of an older commit than that one.
    pub is_older: bool,
    /// Requirements of the last release; `None` if its dossier is unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demands: Option<Demands>,
}

impl Dossier {
    /// Returns the requirements of this release.
    #[must_use]
    pub fn demands(&self) -> Demands {
        Demands {
            policy: self.policy.clone(),
            path: self.path.clone(),
            place: self.place.clone(),
            severities: self.severities.clone(),
            differences: self.differences.clone(),
            approvers: self.approvers.clone(),
        }
    }

    /// Returns the weakened requirements since the last release; `None` if they are unknown.
    #[must_use]
    pub fn weakened(&self) -> Option<Weakened> {
        match &self.released {
            None => Some(Weakened::default()),
            Some(released) => {
                let earlier = released.demands.as_ref()?;
                Some(self.demands().weaker_than(earlier, self.at))
            }
        }
    }
}
