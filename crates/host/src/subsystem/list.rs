//! The macro that generates the family's lists from the subsystems' types.
//!
//! Each entry names a subsystem, its module and its actions. The module defines a `Query`, an `Answer`, a type for each
//! action, implementations of [`super::Subject`] and [`super::Seals`] (and of the traits of each feature), and a module
//! `wire` with the matching types of the agent's protocol.

/// Generates [`super::Query`], [`super::Answer`] and [`super::Action`], and dispatches each to its subsystem.
///
/// An entry may start with the condition of its `mod` line in brackets, as `[feature = "toys"]`.
macro_rules! subsystems {
    // Gives every entry a condition in turn: `all()` is always met.
    (@conditions { $($done:tt)* }) => { list::subsystems! { @make $($done)* } };
    (@conditions { $($done:tt)* }
        [$cfg:meta] $(#[$about:meta])* $name:ident => $module:ident { $($actions:tt)* } $($rest:tt)*
    ) => {
        list::subsystems! { @conditions {
            $($done)* [$cfg] $(#[$about])* $name => $module { $($actions)* }
        } $($rest)* }
    };
    (@conditions { $($done:tt)* }
        $(#[$about:meta])* $name:ident => $module:ident { $($actions:tt)* } $($rest:tt)*
    ) => {
        list::subsystems! { @conditions {
            $($done)* [all()] $(#[$about])* $name => $module { $($actions)* }
        } $($rest)* }
    };
    (@make $(
        [$cfg:meta] $(#[$about:meta])* $name:ident => $module:ident { $( $(#[$does:meta])* $action:ident ),* }
    )*) => {
        /// One question. All paths are absolute, and no symbolic link is followed.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "query", rename_all = "kebab-case")]
        pub enum Query {
            $( #[cfg($cfg)] $(#[$about])* $name($module::Query), )*
        }

        /// The answer to one question.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "answer", rename_all = "kebab-case")]
        pub enum Answer {
            $( #[cfg($cfg)] $(#[$about])* $name($module::Answer), )*
            /// The subject is unreadable. Never the same as "missing".
            Unreadable {
                /// The reason, for people.
                reason: String,
            },
        }

        /// One change to a target. All paths are absolute, and no symbolic link is followed.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "action", rename_all = "kebab-case")]
        pub enum Action {
            $($( #[cfg($cfg)] $(#[$does])* $action($module::$action), )*)*
        }

        /// The names of all actions.
        #[cfg(test)]
        pub(crate) const ACTIONS: &[&str] = &[$($( #[cfg($cfg)] stringify!($action), )*)*];

        impl Subject for Query {
            fn subject(&self) -> &str {
                match self { $( #[cfg($cfg)] Self::$name(query) => query.subject(), )* }
            }
        }

        impl Subject for Action {
            fn subject(&self) -> &str {
                match self { $($( #[cfg($cfg)] Self::$action(action) => action.subject(), )*)* }
            }
        }

        impl Seals for Answer {
            fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
                match self {
                    $( #[cfg($cfg)] Self::$name(answer) => answer.seals(change), )*
                    Self::Unreadable { reason: _ } => {}
                }
            }
        }

        impl Seals for Action {
            fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
                match self { $($( #[cfg($cfg)] Self::$action(action) => action.seals(change), )*)* }
            }
        }

        $(
            #[cfg($cfg)]
            impl From<$module::Query> for Query {
                fn from(query: $module::Query) -> Self { Self::$name(query) }
            }
            #[cfg($cfg)]
            impl From<$module::Answer> for Answer {
                fn from(answer: $module::Answer) -> Self { Self::$name(answer) }
            }
            $(
                #[cfg($cfg)]
                impl From<$module::$action> for Action {
                    fn from(action: $module::$action) -> Self { Self::$action(action) }
                }
            )*
        )*

        /// The lists as types of the agent's protocol.
        pub mod wire {
            use serde::{Deserialize, Serialize};

            $( #[cfg($cfg)] use super::$module; )*
            use crate::wire::mirror::Mirror;

            /// One question.
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(tag = "query", rename_all = "kebab-case")]
            pub enum Query {
                $( #[cfg($cfg)] $(#[$about])* $name($module::wire::Query), )*
                /// A question of a newer version.
                #[serde(other)]
                Unknown,
            }

            /// The answer to one question.
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(tag = "answer", rename_all = "kebab-case")]
            pub enum Answer {
                $( #[cfg($cfg)] $(#[$about])* $name($module::wire::Answer), )*
                /// The subject is unreadable.
                Unreadable {
                    /// The reason, for people.
                    reason: String,
                },
                /// An answer of a newer version.
                #[serde(other)]
                Unknown,
            }

            /// One change to a target.
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(tag = "action", rename_all = "kebab-case")]
            pub enum Action {
                $($( #[cfg($cfg)] $(#[$does])* $action($module::wire::$action), )*)*
                /// An action of a newer version.
                #[serde(other)]
                Unknown,
            }

            impl Query {
                /// Converts to the wire type.
                #[must_use]
                pub fn from_live(query: super::Query) -> Self {
                    match query { $( #[cfg($cfg)] super::Query::$name(query) => Self::$name(Mirror::from_live(query)), )* }
                }

                /// Converts to the live type; `None` when it is of a newer version.
                #[must_use]
                pub fn into_live(self) -> Option<super::Query> {
                    Some(match self {
                        $( #[cfg($cfg)] Self::$name(query) => super::Query::$name(query.into_live()), )*
                        Self::Unknown => return None,
                    })
                }
            }

            impl Answer {
                /// Converts to the wire type.
                #[must_use]
                pub fn from_live(answer: super::Answer) -> Self {
                    match answer {
                        $( #[cfg($cfg)] super::Answer::$name(answer) => Self::$name(Mirror::from_live(answer)), )*
                        super::Answer::Unreadable { reason } => Self::Unreadable { reason },
                    }
                }

                /// Converts to the live type. An answer of a newer version counts as unreadable.
                #[must_use]
                pub fn into_live(self) -> super::Answer {
                    match self {
                        $( #[cfg($cfg)] Self::$name(answer) => super::Answer::$name(answer.into_live()), )*
                        Self::Unreadable { reason } => super::Answer::Unreadable { reason },
                        Self::Unknown => super::Answer::Unreadable {
                            reason: "the agent's answer is of a newer version: install the same version on both sides".to_owned(),
                        },
                    }
                }
            }

            impl Action {
                /// Converts to the wire type.
                #[must_use]
                pub fn from_live(action: super::Action) -> Self {
                    match action { $($( #[cfg($cfg)] super::Action::$action(action) => Self::$action(Mirror::from_live(action)), )*)* }
                }

                /// Converts to the live type; `None` when it is of a newer version.
                #[must_use]
                pub fn into_live(self) -> Option<super::Action> {
                    Some(match self {
                        $($( #[cfg($cfg)] Self::$action(action) => super::Action::$action(action.into_live()), )*)*
                        Self::Unknown => return None,
                    })
                }
            }
        }

        /// Dispatches each question of a batch to its local subsystem.
        #[cfg(feature = "local")]
        pub(crate) fn observe_here(target: &LocalTarget, queries: &[Query], found: Found<'_>) {
            $( #[cfg($cfg)] let mut $module: Vec<(usize, &$module::Query)> = Vec::new(); )*
            for (number, query) in queries.iter().enumerate() {
                match query { $( #[cfg($cfg)] Query::$name(query) => $module.push((number, query)), )* }
            }
            $( #[cfg($cfg)] <$module::Query as Local>::observe(target, &$module, found); )*
        }

        /// Dispatches each action of a batch to its local subsystem; the subsystems work concurrently.
        #[cfg(feature = "local")]
        pub(crate) fn perform_here(work: &Work<'_>, actions: &[Action]) -> Vec<(usize, Outcome)> {
            $(
                #[cfg($cfg)]
                #[allow(unused_mut, reason = "a subsystem may have no actions")]
                let mut $module: Vec<(usize, &Action)> = Vec::new();
            )*
            for (number, action) in actions.iter().enumerate() {
                match action { $($( #[cfg($cfg)] Action::$action(_) => $module.push((number, action)), )*)* }
            }
            let groups: Vec<(Performer, Vec<(usize, &Action)>)> =
                Vec::from([$( #[cfg($cfg)] (<$module::Query as Local>::perform as Performer, $module), )*]);
            crate::local::at_once(work, groups)
        }

        /// Returns the answer of a target in memory.
        #[cfg(feature = "testing")]
        pub(crate) fn answer_in_memory(query: &Query, host: &RecordedHost, sealer: &Sealer) -> Answer {
            match query { $( #[cfg($cfg)] Query::$name(query) => query.answer(host, sealer), )* }
        }

        /// Performs an action on a target in memory.
        #[cfg(feature = "testing")]
        pub(crate) fn perform_in_memory(action: &Action, host: &mut RecordedHost, kit: &Kit<'_>) -> Outcome {
            match action { $($( #[cfg($cfg)] Action::$action(_) => <$module::Query as Recorded>::perform(action, host, kit), )*)* }
        }
    };
    ($($list:tt)*) => { list::subsystems! { @conditions {} $($list)* } };
}

pub(super) use subsystems;
