//! Families of targets: the closed lists of queries, answers and actions that a kind speaks in.

/// A family of targets: what can be asked of them, what they answer, and what they can be asked to change.
///
/// A kind names its family, so a kind of another family brings its own lists and leaves those of hosts alone.
pub trait Family {
    /// What can be asked.
    type Query;
    /// What is answered.
    type Answer;
    /// What can be changed.
    type Action;
}

/// Hosts: machines with files, processes and programs.
#[derive(Debug)]
pub enum Host {}

impl Family for Host {
    type Query = evenkeel_host::Query;
    type Answer = evenkeel_host::Answer;
    type Action = evenkeel_host::Action;
}

/// The queries of a kind's family.
pub type QueryOf<K> = <<K as super::Kind>::Family as Family>::Query;
/// The answers of a kind's family.
pub type AnswerOf<K> = <<K as super::Kind>::Family as Family>::Answer;
/// The actions of a kind's family.
pub type ActionOf<K> = <<K as super::Kind>::Family as Family>::Action;
