//! The contract of a kind, and the small types it speaks in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Attributes, Claim, Traits};
use evenkeel_host::entries::Entry;
use evenkeel_host::{Answer, Family, PathState};
use evenkeel_model::defect::Code;
use evenkeel_model::source::Field;
use evenkeel_model::{Address, Digest, EnvironmentName, Moment, Value};

/// The queries of a kind's family.
pub type QueryOf<K> = <<K as Kind>::Family as Family>::Query;
/// The answers of a kind's family.
pub type AnswerOf<K> = <<K as Kind>::Family as Family>::Answer;
/// The actions of a kind's family.
pub type ActionOf<K> = <<K as Kind>::Family as Family>::Action;

/// One kind of resource: pure functions from what is declared and what was seen to what is wrong and what would mend it.
pub trait Kind: Sized {
    /// The name of its table: `file` for `[file.…]`.
    const NAME: &'static str;
    /// What it is, for the reference.
    const ABOUT: &'static str;
    /// Its keys, besides `on` and `after` which all kinds have.
    const FIELDS: &'static [Field];
    /// Attributes that only references can name.
    const OUTPUTS: &'static [(&'static str, &'static str)] = &[];
    /// Everything it can say.
    const CODES: &'static [&'static Code];
    /// What the rest of evenkeel must know about it without knowing which kind it is.
    const TRAITS: Traits;
    /// Each attribute that it compares, with the keys that it may be written under. No key: the table itself declares
    /// it. `environment.*` is every attribute that begins with `environment.`.
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])];
    /// The type of target that it lives on. A kind of another family leaves the lists of hosts as they are.
    type Family: Family;
    /// As declared; its JSON is what the ledger keeps, so it has no secret in it.
    type Declared: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync;
    /// As seen; its JSON is what an observation's digest is made of, so no mere time of day is in it.
    type Observed: Serialize + Clone + std::fmt::Debug + Send + Sync;

    /// Understands filled-in attributes.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<Self::Declared, Vec<Wrong>>;
    /// A computed attribute: one of [`Kind::OUTPUTS`], or a key whose value becomes another one than was written.
    fn output(_declared: &Self::Declared, _name: &str) -> Option<Value> {
        None
    }
    /// The name of the one thing on its target that it is. A resource that is declared at another place moves there.
    fn place(declared: &Self::Declared) -> &str;
    /// The things that it claims on its target.
    fn claims(declared: &Self::Declared) -> Vec<Claim<'_>>;
    /// Paths that it uses without claiming them: they are not unmanaged, and may be declared.
    fn uses(_declared: &Self::Declared) -> Vec<String> {
        Vec::new()
    }
    /// The ports that it may hold while it runs. They order what stops before what starts, and are no claims: a number
    /// that only looks like a port costs nothing but an order.
    fn ports(_declared: &Self::Declared) -> BTreeSet<u16> {
        BTreeSet::new()
    }
    /// What to look at.
    fn queries(declared: &Self::Declared) -> Vec<QueryOf<Self>>;
    /// What the answers mean.
    fn observed(
        declared: &Self::Declared,
        answers: &[AnswerOf<Self>],
    ) -> Observation<Self::Observed>;
    /// The observation of an empty place: what is seen once everything that stood there is removed.
    fn nothing(declared: &Self::Declared) -> Self::Observed;
    /// Whether anything is there.
    fn is_there(observed: &Self::Observed) -> bool;
    /// Everything that was seen, attribute by attribute, as text without secrets: where two observations differ, the
    /// facts differ in the attribute.
    fn facts(observed: &Self::Observed) -> Vec<(String, String)>;
    /// When it last changed.
    fn changed(observed: &Self::Observed) -> Option<Moment>;
    /// When it was last touched, for evidence that any touch makes void. `None` for a kind that others change in the
    /// ordinary course of things.
    fn touched(observed: &Self::Observed) -> Option<Moment> {
        Self::changed(observed)
    }
    /// What is wrong.
    fn compare(declared: &Self::Declared, observed: &Self::Observed) -> Vec<Discrepancy>;
    /// The actions that repair it, in order; none when nothing is wrong. Each carries the state that it expects to find
    /// after the ones before it.
    fn remedy(declared: &Self::Declared, observed: &Self::Observed) -> Vec<ActionOf<Self>>;
    /// The actions that clear what a killed run may have left beside it, where it is as declared. They change nothing of
    /// the thing itself.
    fn settle(_declared: &Self::Declared, _observed: &Self::Observed) -> Vec<ActionOf<Self>> {
        Vec::new()
    }
    /// The actions that remove it, in order; none when it is missing.
    fn removal(declared: &Self::Declared, observed: &Self::Observed) -> Vec<ActionOf<Self>>;
    /// Whether both are one thing under two names, where its place follows from its name. Of a kind whose place is an
    /// attribute, the place tells.
    fn is_renamed(_before: &Self::Declared, _after: &Self::Declared) -> bool {
        false
    }
    /// The action by which what was applied as `before` and stands as `left` is kept as `after`, which is the same thing under
    /// another name. `None` where it has to be removed and made anew, or where the place tells.
    fn take_over(
        _before: &Self::Declared,
        _after: &Self::Declared,
        _left: &Self::Observed,
    ) -> Option<ActionOf<Self>> {
        None
    }
    /// The resources whose change restarts it.
    fn restarts_on(_declared: &Self::Declared) -> Vec<String> {
        Vec::new()
    }
    /// The actions that restart it although nothing about it differs; none for a kind that does not run.
    fn restart(_declared: &Self::Declared, _observed: &Self::Observed) -> Vec<ActionOf<Self>> {
        Vec::new()
    }
    /// The scope in which everything must be declared, if it declares one.
    fn exclusive(_declared: &Self::Declared) -> Option<Exclusive<'_>> {
        None
    }
    /// The entries that were found in its exclusive scope.
    fn entries(_observed: &Self::Observed) -> Option<&[Entry]> {
        None
    }
    /// Tells its comparable attributes, as text without secrets. The text is written by who needs it.
    fn attributes(declared: &Self::Declared, tell: &mut TellAttribute<'_>);
}

/// Takes the name and the text of an attribute.
pub type TellAttribute<'t> = dyn FnMut(&str, fmt::Arguments<'_>) + 't;

/// A scope in which everything must be declared.
#[derive(Clone, Copy, Debug)]
pub struct Exclusive<'a> {
    /// The directory.
    pub path: &'a str,
    /// Patterns of names that may be in it undeclared.
    pub except: &'a [String],
}

/// What a kind is told besides a resource's own attributes.
#[derive(Debug)]
pub struct Context<'a> {
    /// The resource.
    pub address: &'a Address,
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// Where relative paths begin on the target.
    pub base: &'a str,
    /// Where evenkeel may keep records of its own on the target.
    pub state: &'a str,
    /// The content of a `file`, read or rendered.
    pub content: Option<&'a Content>,
    /// The artifact that is named, if one is.
    pub artifact: Option<&'a ArtifactFacts>,
    /// For each resource named in `restart-on`: the digest of what it is declared to be.
    pub triggers: BTreeMap<String, Digest>,
    /// Gives the sealed form of text with a secret.
    pub seal: &'a dyn SealText,
}

/// Gives the target's form of a value that may hold a secret, and keeps the secret for the actions that need it.
pub trait SealText: std::fmt::Debug {
    /// The plain text, or its seal.
    fn text(&self, value: &Value) -> evenkeel_host::Text;
}

/// Content of a file.
#[derive(Clone, Debug)]
pub struct Content {
    /// The digest of the bytes; sealed if there is a secret in them.
    pub digest: Digest,
    /// Whether there is a secret in them.
    pub sealed: bool,
    /// The text, when it is text and there is no secret in it.
    pub text: Option<Arc<str>>,
}

/// What is known of an artifact.
#[derive(Clone, Debug)]
pub struct ArtifactFacts {
    /// Its name.
    pub name: String,
    /// Its tree digest.
    pub digest: Digest,
}

/// Something wrong with an attribute.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// The attribute; empty for the resource itself.
    pub attribute: &'static str,
    /// What, as a sentence.
    pub message: String,
}

impl Wrong {
    /// Something wrong.
    #[must_use]
    pub fn new(attribute: &'static str, message: impl Into<String>) -> Self {
        Self {
            attribute,
            message: message.into(),
        }
    }
}

/// What was seen, or that it cannot be told.
#[derive(Clone, Debug)]
pub enum Observation<T> {
    /// Seen.
    Seen(T),
    /// It cannot be told, and why. Never "no drift".
    CannotTell(String),
}

impl<T> Observation<T> {
    /// Changes what was seen.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Observation<U> {
        match self {
            Self::Seen(seen) => Observation::Seen(change(seen)),
            Self::CannotTell(reason) => Observation::CannotTell(reason),
        }
    }

    /// What was seen, if it was.
    #[must_use]
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::CannotTell(_) => None,
        }
    }
}

/// One attribute that is not as declared.
#[derive(Clone, Debug)]
pub struct Discrepancy {
    /// The code.
    pub code: &'static Code,
    /// The attribute.
    pub attribute: String,
    /// As declared, without secrets.
    pub expected: String,
    /// As found, without secrets.
    pub found: String,
    /// Both texts, where the attribute is a text that may be shown: as declared and as found.
    pub texts: Option<(Arc<str>, String)>,
}

impl Discrepancy {
    /// One attribute that is not as declared.
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

/// What stands at a path, attribute by attribute.
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

/// A mode as people write it.
pub(super) fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// The answer could not be used.
pub(super) fn unexpected<T>(answer: Option<&Answer>) -> Observation<T> {
    Observation::CannotTell(match answer {
        Some(Answer::Unreadable { reason }) => reason.clone(),
        Some(_) => "the target answered another question".into(),
        None => "the target gave no answer".into(),
    })
}
