//! The file of approvers, and the keys of the policy that need it.

use evenkeel_model::defect::Defect;
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::text::count;
use evenkeel_signature::Approvers;

use super::super::{ApproversFile, Policy, codes};
use super::Reader;

/// File of the people who may approve a release.
pub const APPROVERS_FILE: &str = "approvers";

impl Reader<'_> {
    /// Reads the file of approvers, which may be missing.
    pub(super) fn approvers(&mut self, policy: &Policy) -> Option<ApproversFile> {
        let shown = self.files.shown(APPROVERS_FILE);
        let unreadable = |why: String| {
            Defect::new(
                &codes::UNREADABLE,
                shown.clone(),
                format!("{shown} cannot be read: {why}"),
            )
        };
        let bytes = match self.files.read(APPROVERS_FILE) {
            Ok(None) => {
                self.needs_approvers(&shown);
                return None;
            }
            Ok(Some(bytes)) => bytes,
            Err(reason) => {
                self.complaints.push(unreadable(reason));
                Vec::new()
            }
        };
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let at = error.utf8_error().valid_up_to();
            self.complaints.push(unreadable(format!(
                "it is not UTF-8: byte {at} begins no character"
            )));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        let file = SourceFile::new(shown, text);
        let people = match Approvers::read(&file) {
            Ok(people) => {
                self.enough(policy, &people, &file.path);
                people
            }
            Err(defects) => {
                self.complaints.extend(defects);
                Approvers::default()
            }
        };
        Some(ApproversFile { file, people })
    }

    fn written(&self, key: &str) -> Option<Span> {
        let written = self.approvals.iter().find(|(name, _)| *name == key)?;
        Some(written.1.clone())
    }

    /// Reports keys that have no effect without a file of approvers.
    fn needs_approvers(&mut self, shown: &str) {
        for key in ["approvals-exclude", "approvals-role"] {
            let Some(place) = self.written(key) else {
                continue;
            };
            self.complaints.push(
                Defect::new(
                    &codes::MEANINGLESS,
                    "release",
                    format!("`{key}` has no effect without {shown}"),
                )
                .at(&place, "takes no effect")
                .help(format!("list the people and their SSH keys in {shown}")),
            );
        }
    }

    /// Reports a policy that the listed people cannot satisfy.
    fn enough(&mut self, policy: &Policy, people: &Approvers, shown: &str) {
        let able = people.with_role(policy.approvals_role.as_deref());
        if able >= policy.approvals {
            return;
        }
        let (key, role) = match &policy.approvals_role {
            None => ("approvals", String::new()),
            Some(role) => ("approvals-role", format!(" with role:{role}")),
        };
        let message = format!(
            "{} needed, and {shown} lists {}{role}",
            count(policy.approvals, "approval"),
            match able {
                1 => "1 person".to_owned(),
                able => format!("{able} people"),
            }
        );
        let mut defect = Defect::new(&codes::MEANINGLESS, "release", message);
        if let Some(place) = self.written(key).or_else(|| self.written("approvals")) {
            defect = defect.at(&place, "can never be satisfied");
        }
        self.complaints.push(defect);
    }
}
