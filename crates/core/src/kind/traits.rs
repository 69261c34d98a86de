//! Traits: what the rest of evenkeel must know about a kind without knowing which kind it is.

/// The traits of a kind. `Traits::PLAIN` with the exceptions that apply is a kind's declaration.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// Whether its actions take long, so that other steps must not wait for them.
    pub speed: Speed,
    /// How a resource that exists is changed.
    pub change: ChangeMode,
    /// The attributes that change without anyone changing them: a process ends, a check stops answering.
    pub ends_by_itself: &'static [&'static str],
    /// When it is removed, among all removals of a plan.
    pub removal: RemovalOrder,
    /// What its declaration is filled with besides its attributes.
    pub material: Material,
    /// Whether other resources lie in the path that it claims: a container is created before and removed after them.
    pub is_container: bool,
    /// What its steps are called.
    pub words: StepWords,
}

/// What the steps of a kind are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepWords {
    /// Of one that brings it into being.
    pub create: &'static str,
    /// Of one that ends what is there and begins again.
    pub replace: &'static str,
    /// Of one that removes it.
    pub remove: &'static str,
}

impl StepWords {
    /// Of a thing that lies somewhere.
    pub const THING: Self = Self {
        create: "create",
        replace: "replace",
        remove: "remove",
    };

    /// Of a thing that runs.
    pub const RUNNING: Self = Self {
        create: "start",
        replace: "restart",
        remove: "stop",
    };
}

/// How long the actions of a kind take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// Short enough that many steps share one job.
    Quick,
    /// So long that each step needs a job of its own.
    Slow,
}

/// How a resource that exists is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeMode {
    /// In place.
    Update,
    /// By stopping or removing it first.
    Replace,
}

/// When a kind is removed, among all removals of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalOrder {
    /// Before every kind that does not go first, because it uses what they provide.
    First,
    /// At any time, except that a container goes after its contents.
    Any,
}

/// What a declaration is filled with besides its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Material {
    /// Nothing.
    None,
    /// The content that `content`, `source` or `template` supplies.
    Content,
    /// The artifact that `artifact` names.
    Artifact,
}

impl Traits {
    /// The traits of a kind without special needs.
    pub const PLAIN: Self = Self {
        speed: Speed::Quick,
        change: ChangeMode::Update,
        ends_by_itself: &[],
        removal: RemovalOrder::Any,
        material: Material::None,
        is_container: false,
        words: StepWords::THING,
    };
}
