//! Kinds of resources: one file each, and pure.
//!
//! A kind says which attributes it has, what to look at, what the answers mean, what is wrong and what would mend it.
//! It never looks and never changes anything itself: targets look, `apply` changes.
//!
//! To add a kind: write `<kind>.rs` with a type that implements [`Kind`], add its `mod` line, and its line in the list.

mod attributes;
mod contract;
mod directory;
mod file;
mod installation;
mod link;
mod process;

pub use attributes::Attributes;
pub use attributes::absolute;
pub use contract::{
    ArtifactFacts, Content, Context, Discrepancy, Kind, Observation, SealText, Wrong,
};
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::Value;
use evenkeel_model::defect::Code;
use evenkeel_model::source::Field;

/// What is known of a kind without a resource of it.
#[derive(Debug)]
pub struct KindFacts {
    /// Its name: the table `[name.…]`.
    pub name: &'static str,
    /// What it is, for the reference.
    pub about: &'static str,
    /// Its keys.
    pub fields: &'static [Field],
    /// Attributes that only references can name, and what they are.
    pub outputs: &'static [(&'static str, &'static str)],
    /// Everything it can say.
    pub codes: &'static [&'static Code],
}

/// Makes the list, the enums and the dispatch from one line a kind.
macro_rules! kinds {
    ($( $module:ident :: $kind:ident ),* $(,)?) => {
        /// All kinds, in the order they are documented.
        pub const KINDS: &[KindFacts] = &[ $( KindFacts {
            name: <$module::$kind as Kind>::NAME,
            about: <$module::$kind as Kind>::ABOUT,
            fields: <$module::$kind as Kind>::FIELDS,
            outputs: <$module::$kind as Kind>::OUTPUTS,
            codes: <$module::$kind as Kind>::CODES,
        } ),* ];

        /// A resource as declared, of any kind.
        #[derive(Clone, Debug)]
        pub enum Declared { $(
            #[doc = concat!("`", stringify!($module), "`")]
            $kind(Arc<<$module::$kind as Kind>::Declared>),
        )* }

        /// A resource as seen, of any kind.
        #[derive(Clone, Debug, Serialize)]
        #[serde(untagged)]
        pub enum Observed { $(
            #[doc = concat!("`", stringify!($module), "`")]
            $kind(<$module::$kind as Kind>::Observed),
        )* }

        impl Declared {
            /// Understands the filled-in attributes of a resource.
            ///
            /// # Errors
            ///
            /// Everything that is wrong with them.
            pub fn new(kind: &str, context: &Context<'_>, attributes: &Attributes) -> Result<Self, Vec<Wrong>> {
                $( if kind == <$module::$kind as Kind>::NAME {
                    return <$module::$kind as Kind>::declare(context, attributes).map(|declared| Self::$kind(Arc::new(declared)));
                } )*
                Err(vec![Wrong::new("", format!("there is no kind `{kind}`"))])
            }

            /// Reads what [`Declared::record`] wrote.
            ///
            /// # Errors
            ///
            /// When it is not a record of this kind.
            pub fn from_record(kind: &str, record: &RawValue) -> Result<Self, String> {
                $( if kind == <$module::$kind as Kind>::NAME {
                    return serde_json::from_str(record.get())
                        .map(|declared| Self::$kind(Arc::new(declared)))
                        .map_err(|error| error.to_string());
                } )*
                Err(format!("this version knows no kind `{kind}`"))
            }

            /// What the ledger keeps of it once it is applied. Free of secrets.
            ///
            /// # Errors
            ///
            /// Never for the kinds of this folder; the encoder's signature has it.
            pub fn record(&self) -> Result<String, serde_json::Error> {
                match self { $( Self::$kind(declared) => evenkeel_model::canonical::to_string(declared), )* }
            }

            /// A computed attribute, for references.
            pub fn output(&self, name: &str) -> Option<Value> {
                match self { $( Self::$kind(declared) => <$module::$kind as Kind>::output(declared, name), )* }
            }

            /// The paths it occupies on its target.
            pub fn paths(&self) -> Vec<&str> {
                match self { $( Self::$kind(declared) => <$module::$kind as Kind>::paths(declared), )* }
            }

            /// What to look at.
            pub fn queries(&self) -> Vec<Query> {
                match self { $( Self::$kind(declared) => <$module::$kind as Kind>::queries(declared), )* }
            }

            /// What the answers mean.
            pub fn observed(&self, answers: &[Answer]) -> Observation<Observed> {
                match self { $( Self::$kind(declared) => {
                    <$module::$kind as Kind>::observed(declared, answers).map(Observed::$kind)
                } )* }
            }

            /// What is wrong.
            pub fn compare(&self, observed: &Observed) -> Vec<Discrepancy> {
                match (self, observed) {
                    $( (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::compare(declared, observed)
                    } )*
                    _ => Vec::new(),
                }
            }

            /// What would mend it; `None` when there is nothing to do.
            pub fn remedy(&self, observed: &Observed) -> Option<Action> {
                match (self, observed) {
                    $( (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::remedy(declared, observed)
                    } )*
                    _ => None,
                }
            }

            /// What would remove it; `None` when it is not there.
            pub fn removal(&self, observed: &Observed) -> Option<Action> {
                match (self, observed) {
                    $( (Self::$kind(declared), Observed::$kind(observed)) => {
                        <$module::$kind as Kind>::removal(declared, observed)
                    } )*
                    _ => None,
                }
            }

            /// Its comparable attributes, shown without secrets.
            pub fn attributes(&self) -> Vec<(String, String)> {
                match self { $( Self::$kind(declared) => <$module::$kind as Kind>::attributes(declared), )* }
            }
        }

        impl Observed {
            /// Whether anything is there at all.
            pub fn is_there(&self) -> bool {
                match self { $( Self::$kind(observed) => <$module::$kind as Kind>::is_there(observed), )* }
            }

            /// Everything that was seen, attribute by attribute, without secrets.
            pub fn facts(&self) -> Vec<(String, String)> {
                match self { $( Self::$kind(observed) => <$module::$kind as Kind>::facts(observed), )* }
            }

            /// When it last changed, by the target's account.
            pub fn changed(&self) -> Option<evenkeel_model::Moment> {
                match self { $( Self::$kind(observed) => <$module::$kind as Kind>::changed(observed), )* }
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
}

/// The facts of a kind by its name.
#[must_use]
pub fn facts(name: &str) -> Option<&'static KindFacts> {
    KINDS.iter().find(|kind| kind.name == name)
}

impl Observed {
    /// The entries of an exclusive directory, if it is one.
    #[must_use]
    pub fn entries(&self) -> Option<&[evenkeel_host::entries::Entry]> {
        match self {
            Self::Directory(observed) => observed.entries.as_deref(),
            _ => None,
        }
    }
}

impl Declared {
    /// An exclusive directory's path, and the patterns of names that may be in it undeclared.
    #[must_use]
    pub fn exclusive(&self) -> Option<(&str, &[String])> {
        match self {
            Self::Directory(declared) if declared.exclusive => {
                Some((&declared.path, &declared.except))
            }
            _ => None,
        }
    }

    /// Whether performing its action may take long, so that others should not wait for it.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::Process(_) | Self::Installation(_))
    }

    /// Resources whose change makes this one start anew.
    #[must_use]
    pub fn restarts_on(&self) -> Vec<String> {
        match self {
            Self::Process(declared) => declared.restarts_on(),
            _ => Vec::new(),
        }
    }

    /// The action that makes it start anew although nothing about it differs.
    #[must_use]
    pub fn restart(&self, observed: &Observed) -> Option<Action> {
        match (self, observed) {
            (Self::Process(declared), Observed::Process(observed)) => {
                Some(declared.start(observed))
            }
            _ => None,
        }
    }
}
