//! Kinds of resources: one file each, and pure.
//!
//! A kind defines its attributes, its queries, the meaning of answers, its discrepancies and the actions that repair
//! them. It never observes or changes anything itself: targets observe, `apply` changes.
//!
//! To add a kind: write `<kind>.rs` with a type that implements [`Kind`], and add its line to the list `kinds!`. No
//! code outside of a kind's file names it: the rest of evenkeel uses its [`Traits`] and [`Claim`]s.

mod account;
mod adoption;
mod attributes;
mod claim;
mod contract;
mod difference;
mod program;
mod proposal;
mod ready;
mod traits;
mod unit_name;

pub use adoption::{Adopt, Adoption};
pub use attributes::Attributes;
pub use attributes::absolute;
pub use claim::{Claim, parent};
pub use contract::{
    ArtifactFacts, Content, Context, Discrepancy, Exclusive, Kind, Observation, SealText,
    TellAttribute, Wrong,
};
pub use difference::difference;
pub use directory::access_keys;
pub use proposal::{Proposal, word};
use std::collections::BTreeSet;
use std::sync::Arc;
pub use traits::{ChangeMode, Material, Reach, RemovalOrder, Speed, StepWords, Traits};

use serde::Serialize;
use serde_json::value::RawValue;

use evenkeel_host::entries::Entry;
use evenkeel_host::{Action, Answer, Query, inventory};
use evenkeel_model::defect::Code;
use evenkeel_model::source::Field;
use evenkeel_model::{Digest, Value};

/// Facts about a kind without a resource.
#[derive(Debug)]
pub struct KindFacts {
    /// Name: the table `[name.…]`.
    pub name: &'static str,
    /// Description for the reference.
    pub about: &'static str,
    /// Its keys.
    pub fields: &'static [Field],
    /// Attributes that only references can name, with descriptions.
    pub outputs: &'static [(&'static str, &'static str)],
    /// Codes.
    pub codes: &'static [&'static Code],
    /// Traits.
    pub traits: Traits,
    /// Attributes, each with the keys that may set it.
    pub attributes: &'static [(&'static str, &'static [&'static str])],
}

impl KindFacts {
    /// Returns the keys that may set an attribute; empty if the table itself declares it.
    #[must_use]
    pub fn keys_of(&self, attribute: &str) -> &'static [&'static str] {
        self.attributes
            .iter()
            .find(|(name, _)| match name.strip_suffix('*') {
                Some(start) => attribute.starts_with(start),
                None => *name == attribute,
            })
            .map_or(&[], |(_, keys)| keys)
    }
}

/// Defines the modules, the list, the enums and the dispatch from one line for each kind.
macro_rules! kinds {
    ($( $(#[$attribute:meta])* $module:ident :: $kind:ident ),* $(,)?) => {
        $( $(#[$attribute])* mod $module; )*

        /// All kinds, in the order of documentation.
        pub const KINDS: &[KindFacts] = &[ $( $(#[$attribute])* KindFacts {
            name: <$module::$kind as Kind>::NAME,
            about: <$module::$kind as Kind>::ABOUT,
            fields: <$module::$kind as Kind>::FIELDS,
            outputs: <$module::$kind as Kind>::OUTPUTS,
            codes: <$module::$kind as Kind>::CODES,
            traits: <$module::$kind as Kind>::TRAITS,
            attributes: <$module::$kind as Kind>::ATTRIBUTES,
        } ),* ];

        /// Returns what each kind proposes for a host, in the order of kinds.
        #[must_use]
        pub fn proposals(found: &inventory::Answer) -> Vec<(&'static str, Vec<Proposal>)> {
            Vec::from([ $( $(#[$attribute])* (
                <$module::$kind as Kind>::NAME,
                <$module::$kind as Kind>::propose(found),
            ) ),* ])
        }

        /// Declared resource of any kind.
        #[derive(Clone, Debug)]
        pub enum Declared { $(
            $(#[$attribute])*
            #[doc = concat!("`", stringify!($module), "`")]
            $kind(Arc<<$module::$kind as Kind>::Declared>),
        )* }

        /// Observed resource of any kind.
        #[derive(Clone, Debug, Serialize)]
        #[serde(untagged)]
        pub enum Observed { $(
            $(#[$attribute])*
            #[doc = concat!("`", stringify!($module), "`")]
            $kind(<$module::$kind as Kind>::Observed),
        )* }

        impl Declared {
            /// Parses the filled-in attributes of a resource.
            ///
            /// # Errors
            ///
            /// All problems of the attributes.
            pub fn new(kind: &str, context: &Context<'_>, attributes: &Attributes) -> Result<Self, Vec<Wrong>> {
                $( $(#[$attribute])* if kind == <$module::$kind as Kind>::NAME {
                    return <$module::$kind as Kind>::declare(context, attributes).map(|declared| Self::$kind(Arc::new(declared)));
                } )*
                Err(vec![Wrong::new("", format!("there is no kind `{kind}`"))])
            }

            /// Parses the result of [`Declared::record`].
            ///
            /// # Errors
            ///
            /// When it is not a record of this kind.
            pub fn from_record(kind: &str, record: &RawValue) -> Result<Self, String> {
                $( $(#[$attribute])* if kind == <$module::$kind as Kind>::NAME {
                    return serde_json::from_str(record.get())
                        .map(|declared| Self::$kind(Arc::new(declared)))
                        .map_err(|error| error.to_string());
                } )*
                Err(format!("this version knows no kind `{kind}`"))
            }

            /// Returns the ledger's record of an applied resource, without secrets.
            ///
            /// Serde's form of each kind's `Declared` is the stored form; `stored_tests` pins it.
            ///
            /// # Errors
            ///
            /// Never for the kinds of this folder; the encoder's signature requires it.
            pub fn record(&self) -> Result<String, serde_json::Error> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => evenkeel_model::canonical::to_string(declared), )* }
            }

            /// Returns a computed attribute, for references.
            pub fn output(&self, name: &str) -> Option<Value> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::output(declared, name), )* }
            }

            /// Whether both are of one kind.
            pub fn is_same_kind(&self, other: &Self) -> bool {
                std::mem::discriminant(self) == std::mem::discriminant(other)
            }

            /// Returns the traits of its kind.
            pub fn traits(&self) -> &'static Traits {
                match self { $( $(#[$attribute])* Self::$kind(_) => &<$module::$kind as Kind>::TRAITS, )* }
            }

            /// Returns the name of its unique thing on the target.
            pub fn place(&self) -> &str {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::place(declared), )* }
            }

            /// Returns its claims on the target.
            pub fn claims(&self) -> Vec<Claim<'_>> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::claims(declared), )* }
            }

            /// Returns paths that it uses without claiming them.
            pub fn uses(&self) -> Vec<String> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::uses(declared), )* }
            }

            /// Returns the thing of another owner in which it keeps a part.
            pub fn inside(&self) -> Option<Claim<'_>> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::inside(declared), )* }
            }

            /// Returns the ports that it may hold while it runs.
            pub fn ports(&self) -> BTreeSet<u16> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::ports(declared), )* }
            }

            /// Returns the port on which it serves, if its readiness check names one.
            pub fn serves(&self) -> Option<u16> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::serves(declared), )* }
            }

            /// Returns the observation of an empty place.
            pub fn nothing(&self) -> Observed {
                match self { $( $(#[$attribute])* Self::$kind(declared) => {
                    Observed::$kind(<$module::$kind as Kind>::nothing(declared))
                } )* }
            }

            /// Returns the queries that observe it.
            pub fn queries(&self) -> Vec<Query> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::queries(declared), )* }
            }

            /// Returns the observation in some answers.
            pub fn observed(&self, answers: &[Answer]) -> Observation<Observed> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => {
                    <$module::$kind as Kind>::observed(declared, answers).map(Observed::$kind)
                } )* }
            }

            /// Returns the discrepancies.
            pub fn compare(&self, observed: &Observed) -> Vec<Discrepancy> {
                match (self, observed) {
                    $( $(#[$attribute])* (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::compare(declared, observed)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// Returns the files whose contents an adoption needs besides what was observed.
            pub fn adoption_files(&self, observed: &Observed) -> Vec<String> {
                match (self, observed) {
                    $( $(#[$attribute])* (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::adoption_files(declared, observed)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// Returns what its definition must contain to describe what was found; empty without a discrepancy. The
            /// contents are those of [`Declared::adoption_files`].
            pub fn adopt(&self, observed: &Observed, contents: &[Option<Vec<u8>>]) -> Vec<Adoption> {
                match (self, observed) {
                    $( $(#[$attribute])* (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::adopt_with(declared, observed, contents)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// Returns the actions that repair it, in order; empty without a discrepancy.
            pub fn remedy(&self, observed: &Observed) -> Vec<Action> {
                match (self, observed) {
                    $( $(#[$attribute])* (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::remedy(declared, observed)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// Returns the actions that clear leftovers of a killed run beside it, if it is in sync.
            pub fn settle(&self, observed: &Observed) -> Vec<Action> {
                match (self, observed) {
                    $( $(#[$attribute])* (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::settle(declared, observed)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// Returns the actions that remove it, in order; empty if it is missing.
            pub fn removal(&self, observed: &Observed) -> Vec<Action> {
                match (self, observed) {
                    $( $(#[$attribute])* (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::removal(declared, observed)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// Whether `after` is the same resource under another name, if its place follows from its name.
            pub fn is_renamed(&self, after: &Self) -> bool {
                match (self, after) {
                    $( $(#[$attribute])* (Self::$kind(before), Self::$kind(after)) => {
                        <$module::$kind as Kind>::is_renamed(before, after)
                    } )*
                    _ => false,
                }
            }

            /// Returns the action that turns a resource applied as this one and found as `left` into `after`, if that
            /// is its new name.
            pub fn take_over(&self, after: &Self, left: &Observed) -> Option<Action> {
                match (self, after, left) {
                    $( $(#[$attribute])* (Self::$kind(before), Self::$kind(after), Observed::$kind(left)) => {
                        <$module::$kind as Kind>::take_over(before, after, left)
                    } )*
                    _ => None,
                }
            }

            /// Returns the resources whose change restarts it.
            pub fn restarts_on(&self) -> Vec<String> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::restarts_on(declared), )* }
            }

            /// Returns the actions that restart it without a discrepancy; empty for a kind that does not run.
            pub fn restart(&self, observed: &Observed) -> Vec<Action> {
                match (self, observed) {
                    $( $(#[$attribute])* (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::restart(declared, observed)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// Returns the resources whose change reloads it.
            pub fn reloads_on(&self) -> Vec<String> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::reloads_on(declared), )* }
            }

            /// Returns the actions that reload it without a discrepancy; empty for a kind that cannot be reloaded.
            pub fn reload(&self, observed: &Observed) -> Vec<Action> {
                match (self, observed) {
                    $( $(#[$attribute])* (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::reload(declared, observed)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// Returns its exclusive scope, if it declares one.
            pub fn exclusive(&self) -> Option<Exclusive<'_>> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::exclusive(declared), )* }
            }

            /// Returns the artifact that it places.
            pub fn artifact(&self) -> Option<Digest> {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::artifact(declared), )* }
            }

            /// Passes its comparable attributes to `tell`, as text without secrets.
            pub fn attributes(&self, tell: &mut TellAttribute<'_>) {
                match self { $( $(#[$attribute])* Self::$kind(declared) => <$module::$kind as Kind>::attributes(declared, tell), )* }
            }
        }

        impl Observed {
            /// Whether anything exists.
            pub fn is_there(&self) -> bool {
                match self { $( $(#[$attribute])* Self::$kind(observed) => <$module::$kind as Kind>::is_there(observed), )* }
            }

            /// Returns the observation as text, attribute by attribute, without secrets.
            pub fn facts(&self) -> Vec<(String, String)> {
                match self { $( $(#[$attribute])* Self::$kind(observed) => <$module::$kind as Kind>::facts(observed), )* }
            }

            /// Returns why its state is unknown although its target answered.
            pub fn unknown(&self) -> Option<&'static str> {
                match self { $( $(#[$attribute])* Self::$kind(observed) => <$module::$kind as Kind>::unknown(observed), )* }
            }

            /// Returns the entries found in its exclusive scope.
            pub fn entries(&self) -> Option<&[Entry]> {
                match self { $( $(#[$attribute])* Self::$kind(observed) => <$module::$kind as Kind>::entries(observed), )* }
            }

            /// Whether the target holds the declared artifact.
            pub fn holds_artifact(&self) -> bool {
                match self { $( $(#[$attribute])* Self::$kind(observed) => <$module::$kind as Kind>::holds_artifact(observed), )* }
            }

            /// Returns the time of its last change, by the target's clock.
            pub fn changed(&self) -> Option<evenkeel_model::Moment> {
                match self { $( $(#[$attribute])* Self::$kind(observed) => <$module::$kind as Kind>::changed(observed), )* }
            }

            /// Returns the time of its last modification, which invalidates evidence.
            pub fn touched(&self) -> Option<evenkeel_model::Moment> {
                match self { $( $(#[$attribute])* Self::$kind(observed) => <$module::$kind as Kind>::touched(observed), )* }
            }
        }
    };
}

kinds! {
    directory::Directory,
    file::File,
    link::Link,
    installation::Installation,
    process::Process,
    service::Service,
    timer::Timer,
    group::Group,
    user::User,
    authorized_key::AuthorizedKey,
    line::Line,
    cron::Cron,
    command::Command,
    package::Package,
    sysctl::Sysctl,
    mount::Mount,
    #[cfg(test)]
    toy_package::ToyPackage,
    #[cfg(test)]
    toy_service::ToyService,
}

/// Returns the facts of a kind by its name.
#[must_use]
pub fn facts(name: &str) -> Option<&'static KindFacts> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod applied_tests;
#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod system_tests;

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn every_attribute_is_written_under_keys_that_exist() {
        for kind in KINDS {
            for (attribute, keys) in kind.attributes {
                for key in *keys {
                    assert!(
                        kind.fields.iter().any(|field| field.name == *key),
                        "{}.{attribute} is written under the unknown key `{key}`",
                        kind.name
                    );
                }
            }
            for attribute in kind.traits.ends_by_itself {
                assert!(
                    kind.attributes.iter().any(|(name, _)| name == attribute),
                    "{} has no attribute `{attribute}`",
                    kind.name
                );
            }
        }
    }

    #[test]
    fn an_attribute_of_a_table_is_written_under_the_table() {
        let process = KINDS
            .iter()
            .find(|kind| !kind.keys_of("command").is_empty());
        assert_eq!(
            process.map(|kind| kind.keys_of("environment.PATH")),
            Some(&["environment"][..])
        );
        assert_eq!(process.map(|kind| kind.keys_of("presence").len()), Some(0));
    }
}
