//! Traits: facts that let the rest of evenkeel treat all kinds alike.

/// Traits of a kind. A kind declares `Traits::PLAIN` with its exceptions.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// Whether its actions take long, so that other steps must not wait for them.
    pub speed: Speed,
    /// Method of changing an existing resource.
    pub change: ChangeMode,
    /// Attributes that change by themselves: a process ends, a check stops answering.
    pub ends_by_itself: &'static [&'static str],
    /// Position of its removal among all removals of a plan.
    pub removal: RemovalOrder,
    /// Material of its declaration, besides its attributes.
    pub material: Material,
    /// Whether other resources exist below the path it claims: a container is created before and removed after them.
    pub is_container: bool,
    /// What its actions can change.
    pub reach: Reach,
    /// Words of its steps.
    pub words: StepWords,
}

/// What the actions of a kind can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its own place only.
    Place,
    /// Other things of the host too, such as the files of a package: steps after it start from what it left.
    Host,
}

/// Words of a kind's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepWords {
    /// Creation.
    pub create: &'static str,
    /// Replacement.
    pub replace: &'static str,
    /// Removal.
    pub remove: &'static str,
}

impl StepWords {
    /// Words of files and other things.
    pub const THING: Self = Self {
        create: "create",
        replace: "replace",
        remove: "remove",
    };

    /// Words of running programs.
    pub const RUNNING: Self = Self {
        create: "start",
        replace: "restart",
        remove: "stop",
    };
}

/// Duration of a kind's actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// Short: many steps share one job.
    Quick,
    /// Long: each step has its own job.
    Slow,
}

/// Method of changing an existing resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeMode {
    /// In place.
    Update,
    /// By stopping or removing it first.
    Replace,
}

/// Position of a kind's removal among all removals of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemovalOrder {
    /// Before every kind that does not go first, because it uses their resources.
    First,
    /// At any time, except that a container goes after its contents.
    Any,
    /// At any time, but before `Later` and `Last`: a thing that belongs to a user.
    Late,
    /// After `Late`, and before `Last`: a user.
    Later,
    /// After `Late` and `Later`: a group.
    Last,
}

/// Material of a declaration, besides its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Material {
    /// Nothing.
    None,
    /// The content from `content`, `source` or `template`.
    Content,
    /// The artifact that `artifact` names.
    Artifact,
}

impl Traits {
    /// Traits of a kind without special needs.
    pub const PLAIN: Self = Self {
        speed: Speed::Quick,
        change: ChangeMode::Update,
        ends_by_itself: &[],
        removal: RemovalOrder::Any,
        material: Material::None,
        is_container: false,
        reach: Reach::Place,
        words: StepWords::THING,
    };
}
