//! Contract of a kind, with its types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::adoption::{Adoption, adoptions};
use super::{Attributes, Claim, Proposal, Traits};
use evenkeel_host::entries::Entry;
use evenkeel_host::{Answer, Family, PathState, inventory};
use evenkeel_model::defect::Code;
use evenkeel_model::source::Field;
use evenkeel_model::{Address, Digest, EnvironmentName, Moment, Value};

/// Query of a kind's family.
pub type QueryOf<K> = <<K as Kind>::Family as Family>::Query;
/// Answer of a kind's family.
pub type AnswerOf<K> = <<K as Kind>::Family as Family>::Answer;
/// Action of a kind's family.
pub type ActionOf<K> = <<K as Kind>::Family as Family>::Action;

/// Kind of resource: pure functions from a declaration and an observation to defects and actions.
pub trait Kind: Sized {
    /// Name of its table: `file` for `[file.…]`.
    const NAME: &'static str;
    /// Description for the reference.
    const ABOUT: &'static str;
    /// Keys, in addition to `on` and `after` of all kinds.
    const FIELDS: &'static [Field];
    /// Attributes that only references can name.
    const OUTPUTS: &'static [(&'static str, &'static str)] = &[];
    /// Codes.
    const CODES: &'static [&'static Code];
    /// Traits: facts that let the rest of evenkeel treat all kinds alike.
    const TRAITS: Traits;
    /// Compared attributes, each with the keys that may set it. Without keys, the table itself declares it.
    /// `environment.*` is every attribute that starts with `environment.`.
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])];
    /// Type of target. A kind of another family does not affect the lists of hosts.
    type Family: Family;
    /// Declared resource; the ledger stores its JSON, so it contains no secrets.
    type Declared: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync;
    /// Observed resource; an observation's digest is computed from its JSON, so it contains no times.
    type Observed: Serialize + Clone + std::fmt::Debug + Send + Sync;

    /// Parses filled-in attributes.
    ///
    /// # Errors
    ///
    /// All problems of the attributes.
    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<Self::Declared, Vec<Wrong>>;
    /// Returns a computed attribute: one of [`Kind::OUTPUTS`], or a key whose value differs from the written one.
    fn output(_declared: &Self::Declared, _name: &str) -> Option<Value> {
        None
    }
    /// Returns the name of its unique thing on the target. A resource that is declared at another place moves there.
    fn place(declared: &Self::Declared) -> &str;
    /// Returns its claims on the target.
    fn claims(declared: &Self::Declared) -> Vec<Claim<'_>>;
    /// Returns paths that it uses without claiming them: they are not unmanaged, and may be declared.
    fn uses(_declared: &Self::Declared) -> Vec<String> {
        Vec::new()
    }
    /// Returns the thing of another owner in which it keeps a part: no other resource may claim that thing, which would
    /// undo the part.
    fn inside(_declared: &Self::Declared) -> Option<Claim<'_>> {
        None
    }
    /// Returns the ports that it may hold while it runs. They order stops before starts, and are no claims: a number
    /// that is not a port costs nothing but an order.
    fn ports(_declared: &Self::Declared) -> BTreeSet<u16> {
        BTreeSet::new()
    }
    /// Returns the port on which it serves, if its readiness check names one: an open port with this number is declared.
    fn serves(_declared: &Self::Declared) -> Option<u16> {
        None
    }
    /// Returns the queries that observe it.
    fn queries(declared: &Self::Declared) -> Vec<QueryOf<Self>>;
    /// Returns the observation in some answers.
    fn observed(
        declared: &Self::Declared,
        answers: &[AnswerOf<Self>],
    ) -> Observation<Self::Observed>;
    /// Returns the observation of an empty place: the state after everything there is removed.
    fn nothing(declared: &Self::Declared) -> Self::Observed;
    /// Whether anything exists.
    fn is_there(observed: &Self::Observed) -> bool;
    /// Returns the observation as text, attribute by attribute, without secrets: observations differ exactly if their
    /// facts do.
    fn facts(observed: &Self::Observed) -> Vec<(String, String)>;
    /// Returns why its state is unknown although its target answered: nothing that can be read tells it. A step that succeeded
    /// is done then, and the resource is never in sync.
    fn unknown(_observed: &Self::Observed) -> Option<&'static str> {
        None
    }
    /// Returns the time of its last change.
    fn changed(observed: &Self::Observed) -> Option<Moment>;
    /// Returns the time of its last modification, which invalidates evidence. `None` for a kind that other programs
    /// modify in normal operation.
    fn touched(observed: &Self::Observed) -> Option<Moment> {
        Self::changed(observed)
    }
    /// Returns definitions of what an inventory found on a host.
    fn propose(_found: &inventory::Answer) -> Vec<Proposal> {
        Vec::new()
    }
    /// Returns the discrepancies.
    fn compare(declared: &Self::Declared, observed: &Self::Observed) -> Vec<Discrepancy>;
    /// Returns what the definition must contain to describe what was found, for each discrepancy.
    fn adopt(declared: &Self::Declared, observed: &Self::Observed) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        adoptions(wrong, Self::is_there(observed), |_| None)
    }
    /// Returns the files whose contents an adoption needs besides what was observed.
    fn adoption_files(_declared: &Self::Declared, _observed: &Self::Observed) -> Vec<String> {
        Vec::new()
    }
    /// Like [`Kind::adopt`], with the contents of these files; `None` for a missing one.
    fn adopt_with(
        declared: &Self::Declared,
        observed: &Self::Observed,
        _contents: &[Option<Vec<u8>>],
    ) -> Vec<Adoption> {
        Self::adopt(declared, observed)
    }
    /// Returns the actions that repair it, in order; empty without a discrepancy. Each action contains the state it
    /// expects after the preceding ones.
    fn remedy(declared: &Self::Declared, observed: &Self::Observed) -> Vec<ActionOf<Self>>;
    /// Returns the actions that clear leftovers of a killed run beside it, if it is in sync. They do not change the
    /// resource.
    fn settle(_declared: &Self::Declared, _observed: &Self::Observed) -> Vec<ActionOf<Self>> {
        Vec::new()
    }
    /// Returns the actions that remove it, in order; empty if it is missing.
    fn removal(declared: &Self::Declared, observed: &Self::Observed) -> Vec<ActionOf<Self>>;
    /// Whether both are one resource under two names, if its place follows from its name. For other kinds, the place
    /// decides.
    fn is_renamed(_before: &Self::Declared, _after: &Self::Declared) -> bool {
        false
    }
    /// Returns the action that turns a resource applied as `before` and found as `left` into `after`, its new name.
    /// `None` if it must be removed and created again, or if the place decides.
    fn take_over(
        _before: &Self::Declared,
        _after: &Self::Declared,
        _left: &Self::Observed,
    ) -> Option<ActionOf<Self>> {
        None
    }
    /// Returns the resources whose change restarts it.
    fn restarts_on(_declared: &Self::Declared) -> Vec<String> {
        Vec::new()
    }
    /// Returns the actions that restart it without a discrepancy; empty for a kind that does not run.
    fn restart(_declared: &Self::Declared, _observed: &Self::Observed) -> Vec<ActionOf<Self>> {
        Vec::new()
    }
    /// Returns the resources whose change reloads it.
    fn reloads_on(_declared: &Self::Declared) -> Vec<String> {
        Vec::new()
    }
    /// Returns the actions that reload it without a discrepancy; empty for a kind that cannot be reloaded.
    fn reload(_declared: &Self::Declared, _observed: &Self::Observed) -> Vec<ActionOf<Self>> {
        Vec::new()
    }
    /// Returns its exclusive scope, if it declares one.
    fn exclusive(_declared: &Self::Declared) -> Option<Exclusive<'_>> {
        None
    }
    /// Returns the entries found in its exclusive scope.
    fn entries(_observed: &Self::Observed) -> Option<&[Entry]> {
        None
    }
    /// Returns the artifact that it places.
    fn artifact(_declared: &Self::Declared) -> Option<Digest> {
        None
    }
    /// Whether the target holds the declared artifact, so that placing it needs no source.
    fn holds_artifact(_observed: &Self::Observed) -> bool {
        false
    }
    /// Passes its comparable attributes to `tell`, as text without secrets. The caller formats the text.
    fn attributes(declared: &Self::Declared, tell: &mut TellAttribute<'_>);
}

/// Receives the name and text of an attribute.
pub type TellAttribute<'t> = dyn FnMut(&str, fmt::Arguments<'_>) + 't;

/// Scope in which everything must be declared.
#[derive(Clone, Copy, Debug)]
pub struct Exclusive<'a> {
    /// Directory.
    pub path: &'a str,
    /// Patterns of undeclared names allowed in it.
    pub except: &'a [String],
}

/// Context of a resource besides its attributes.
#[derive(Debug)]
pub struct Context<'a> {
    /// The resource.
    pub address: &'a Address,
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// Base of relative paths on the target.
    pub base: &'a str,
    /// Directory of evenkeel's own records on the target.
    pub state: &'a str,
    /// Content of a `file`, read or rendered.
    pub content: Option<&'a Content>,
    /// Named artifact.
    pub artifact: Option<&'a ArtifactFacts>,
    /// Digest of the declaration of each resource in `restart-on`.
    pub triggers: BTreeMap<String, Digest>,
    /// Digest of the declaration of each resource in `reload-on`.
    pub reload_triggers: BTreeMap<String, Digest>,
    /// Seals text that contains a secret.
    pub seal: &'a dyn SealText,
}

/// Converts a value to the target's form, and keeps a secret for the actions that need it.
pub trait SealText: std::fmt::Debug {
    /// Returns the plain text, or its seal.
    fn text(&self, value: &Value) -> evenkeel_host::Text;
    /// Keeps text without a secret for the actions that place it, and returns its digest.
    fn plain(&self, text: &str) -> Digest;
}

/// Content of a file.
#[derive(Clone, Debug)]
pub struct Content {
    /// Digest of the bytes; sealed if they contain a secret.
    pub digest: Digest,
    /// Whether it contains a secret.
    pub sealed: bool,
    /// Text, if it is text without a secret.
    pub text: Option<Arc<str>>,
}

/// Facts about an artifact.
#[derive(Clone, Debug)]
pub struct ArtifactFacts {
    /// Its name.
    pub name: String,
    /// Its tree digest.
    pub digest: Digest,
}

/// Problem of an attribute.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Attribute; empty for the resource itself.
    pub attribute: &'static str,
    /// Message.
    pub message: String,
}

impl Wrong {
    /// Creates a problem.
    #[must_use]
    pub fn new(attribute: &'static str, message: impl Into<String>) -> Self {
        Self {
            attribute,
            message: message.into(),
        }
    }
}

/// Observed value, or the reason why there is none.
#[derive(Clone, Debug)]
pub enum Observation<T> {
    /// Observed.
    Seen(T),
    /// Unknown, with the reason. Never "no drift".
    CannotTell(String),
}

impl<T> Observation<T> {
    /// Converts an observed value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Observation<U> {
        match self {
            Self::Seen(seen) => Observation::Seen(change(seen)),
            Self::CannotTell(reason) => Observation::CannotTell(reason),
        }
    }

    /// Returns the observed value.
    #[must_use]
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::CannotTell(_) => None,
        }
    }
}

/// Attribute that differs from its definition.
#[derive(Clone, Debug)]
pub struct Discrepancy {
    /// Code.
    pub code: &'static Code,
    /// Attribute.
    pub attribute: String,
    /// Declared value, without secrets.
    pub expected: String,
    /// Found value, without secrets.
    pub found: String,
    /// Declared and found text, if the attribute is a text that may be displayed.
    pub texts: Option<(Arc<str>, String)>,
}

impl Discrepancy {
    /// Creates a discrepancy.
    #[must_use]
    pub fn new(
        code: &'static Code,
        attribute: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            code,
            attribute: attribute.into(),
            expected: expected.into(),
            found: found.into(),
            texts: None,
        }
    }
}

/// Returns the state of a path, attribute by attribute.
pub(super) fn standing_facts(standing: &PathState) -> Vec<(String, String)> {
    let mut facts = vec![("presence".to_owned(), standing.words().to_owned())];
    let mut fact = |name: &str, text: String| facts.push((name.to_owned(), text));
    match standing {
        PathState::Missing | PathState::Other { what: _ } => {}
        PathState::Link { to } => fact("to", to.clone()),
        PathState::Directory { mode, owner, group } => {
            fact("mode", octal(*mode));
            fact("owner", owner.exactly());
            fact("group", group.exactly());
        }
        PathState::File {
            digest,
            mode,
            owner,
            group,
        } => {
            fact("content", digest.short());
            fact("mode", octal(*mode));
            fact("owner", owner.exactly());
            fact("group", group.exactly());
        }
    }
    facts
}

/// Returns a mode in octal.
pub(super) fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// Returns the observation of an unusable answer.
pub(super) fn unexpected<T>(answer: Option<&Answer>) -> Observation<T> {
    Observation::CannotTell(match answer {
        Some(Answer::Unreadable { reason }) => reason.clone(),
        Some(_) => "the target answered another question".into(),
        None => "the target gave no answer".into(),
    })
}
