//! Toys: named values in classes, which only a target in memory has. For tests of new kinds.

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::sealing::Seals;

/// Asks for the value of a toy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The class.
    pub class: String,
    /// The name.
    pub name: String,
}

/// The value of a toy; `None` when it is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The value.
    pub value: Option<String>,
}

/// Sets the value of a toy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetToy {
    /// The class.
    pub class: String,
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The expected value.
    pub expected: Option<String>,
}

/// Removes a toy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropToy {
    /// The class.
    pub class: String,
    /// The name.
    pub name: String,
    /// The expected value.
    pub expected: Option<String>,
}

impl Seals for Answer {}

impl Seals for SetToy {}

impl Seals for DropToy {}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.name
    }
}

impl Subject for SetToy {
    fn subject(&self) -> &str {
        &self.name
    }
}

impl Subject for DropToy {
    fn subject(&self) -> &str {
        &self.name
    }
}

pub mod wire {
    //! The wire's types.

    use crate::wire::mirror::mirror;

    mirror! {
        /// Asks for the value of a toy.
        Query = super::Query { class: String, name: String }
        /// The value of a toy.
        Answer = super::Answer { value: Option<String> }
        /// Sets the value of a toy.
        SetToy = super::SetToy {
            class: String,
            name: String,
            value: String,
            expected: Option<String>,
        }
        /// Removes a toy.
        DropToy = super::DropToy { class: String, name: String, expected: Option<String> }
    }
}

#[cfg(feature = "local")]
mod here {
    //! The local part: this machine has no toys.

    use super::Query;
    use crate::local::{Found, Local, LocalTarget, unreadable};

    impl Local for Query {
        fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
            for (number, _) in asked {
                found(*number, unreadable("this machine has no toys"));
            }
        }
    }
}

#[cfg(feature = "testing")]
mod recorded {
    //! The part of a target in memory.

    use super::{Answer, DropToy, Query, SetToy};
    use crate::port::Outcome;
    use crate::recorded::{Kit, Recorded, RecordedHost, broken, changed};
    use crate::{Action, Performed};
    use evenkeel_model::Sealer;

    impl Recorded for Query {
        fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
            let thing = (self.class.clone(), self.name.clone());
            let value = host.others.get(&thing).cloned();
            Answer { value }.into()
        }

        fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
            let (class, name, value, expected) = match action {
                Action::SetToy(SetToy {
                    class,
                    name,
                    value,
                    expected,
                }) => (class, name, Some(value), expected),
                Action::DropToy(DropToy {
                    class,
                    name,
                    expected,
                }) => (class, name, None, expected),
                other => return broken(other),
            };
            let thing = (class.clone(), name.clone());
            let found = host.others.get(&thing);
            if found != expected.as_ref() {
                let words = |value: Option<&String>| value.map_or("nothing".into(), String::clone);
                return Err(changed(name, words(expected.as_ref()), words(found)));
            }
            match value {
                Some(value) => host.others.insert(thing, value.clone()),
                None => host.others.remove(&thing),
            };
            Ok(Performed::default())
        }
    }
}
