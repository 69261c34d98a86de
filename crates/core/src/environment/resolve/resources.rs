//! Resolution of resources, each after those that it refers to.
//!
//! Results of attributes are left to `fill`; the meaning of a resource to its kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::super::expansion::DEEPEST;
use super::super::expression::Reference;
use super::super::reference::{addresses, plain_text};
use super::super::{Block, claims, codes, fields, reserved};
use super::{ResolvedResource, Resolver, TargetPlace};
use crate::kind::{self, Attributes, Context, Declared, Material};
use evenkeel_model::defect::Defect;
use evenkeel_model::{Address, Digest, order};

/// Number of resources resolved on one core at a time.
const AT_ONCE: usize = 512;

/// Resource, with its attributes if others refer to it.
type Filled = (ResolvedResource, Option<Attributes>);

/// Resolved resources by number.
type Done = Vec<Option<ResolvedResource>>;

/// Resources of an environment, by number.
struct Work<'a> {
    numbered: Vec<(&'a Address, &'a Arc<Block>)>,
    /// Resources that must be resolved before each.
    waits_for: Vec<Vec<usize>>,
    /// Whether others refer to each.
    wanted: Vec<bool>,
    targets: &'a BTreeMap<Arc<str>, TargetPlace>,
}

/// Returns the first resource at the end of a too long chain of dependencies.
fn too_deep(order: &[usize], waits_for: &[Vec<usize>]) -> Option<usize> {
    let mut depths = vec![0_usize; waits_for.len()];
    for number in order {
        let others = waits_for.get(*number)?;
        let deepest = others.iter().filter_map(|other| depths.get(*other)).max();
        let depth = deepest.map_or(0, |depth| depth + 1);
        if depth > DEEPEST {
            return Some(*number);
        }
        if let Some(place) = depths.get_mut(*number) {
            *place = depth;
        }
    }
    None
}

impl Resolver<'_> {
    pub(super) fn resources(&mut self, targets: &BTreeMap<Arc<str>, TargetPlace>) {
        let blocks = self.definition.resources_of(self.name);
        let numbered: Vec<(&Address, &Arc<Block>)> = blocks.into_iter().collect();
        let number_of = |address: &Address| {
            numbered
                .binary_search_by(|(other, _)| (*other).cmp(address))
                .ok()
        };
        let waits_for: Vec<Vec<usize>> = numbered
            .par_iter()
            .map(|(_, block)| {
                let mut others: Vec<usize> =
                    self.wants(block).iter().filter_map(number_of).collect();
                others.sort_unstable();
                others.dedup();
                others
            })
            .collect();
        let order = match order::order(&waits_for) {
            Ok(order) => order,
            Err(circle) => {
                self.complain_circle(&circle, &numbered);
                return;
            }
        };
        if let Some(deep) = too_deep(&order, &waits_for) {
            self.complain_depth(deep, &numbered);
            return;
        }
        let mut wanted = vec![false; numbered.len()];
        for other in waits_for.iter().flatten() {
            if let Some(wanted) = wanted.get_mut(*other) {
                *wanted = true;
            }
        }
        let work = Work {
            numbered,
            waits_for,
            wanted,
            targets,
        };
        let mark = self.expansion.mark();
        let done = match self.in_waves(&order, &work) {
            Some(done) => done,
            None => {
                self.expansion.back_to(mark);
                self.in_order(&order, &work)
            }
        };
        let Work { numbered, .. } = work;
        // Rebuild from a sorted iterator: bulk-built maps have full nodes.
        self.resources = numbered
            .iter()
            .zip(done)
            .filter_map(|((address, _), resource)| Some(((*address).clone(), resource?)))
            .collect();
        let conflicts = claims::conflicts(self.name, &self.resources, targets);
        self.complaints.extend(conflicts);
        let intrusions =
            reserved::intrusions(self.name, &self.resources, targets, self.surroundings);
        self.complaints.extend(intrusions);
    }

    fn complain_depth(&mut self, deep: usize, numbered: &[(&Address, &Arc<Block>)]) {
        let Some((address, block)) = numbered.get(deep) else {
            return;
        };
        let message = format!("depends on a chain of more than {DEEPEST} resources");
        self.complain(
            &codes::TOO_LARGE,
            address.as_str(),
            &block.span.clone(),
            format!("{address} {message}"),
        );
    }

    /// Resolves resources in sequence.
    fn in_order(&mut self, order: &[usize], work: &Work<'_>) -> Done {
        let mut done = vec![None; work.numbered.len()];
        for number in order {
            match self.numbered(*number, work) {
                Some(filled) => self.keep_filled(*number, work, filled, &mut done),
                None => {
                    let address = work.numbered.get(*number).map(|(address, _)| address);
                    self.gaps.extend(address.map(ToString::to_string));
                }
            }
        }
        done
    }

    /// Resolves resources on all cores: those without dependencies first, then those that depend on these, and so on.
    /// `None` if that does not pay off, and after a defect: they are then resolved in sequence, so that defects are
    /// reported in order.
    fn in_waves(&mut self, order: &[usize], work: &Work<'_>) -> Option<Done> {
        let mut waves: Vec<Vec<usize>> = Vec::new();
        let mut wave_of = vec![0; work.numbered.len()];
        for number in order {
            let others = work.waits_for.get(*number)?;
            let wave = others
                .iter()
                .filter_map(|other| Some(wave_of.get(*other)? + 1))
                .max()
                .unwrap_or(0);
            *wave_of.get_mut(*number)? = wave;
            if waves.len() <= wave {
                waves.resize(wave + 1, Vec::new());
            }
            waves.get_mut(wave)?.push(*number);
        }
        if waves.iter().all(|wave| wave.len() <= AT_ONCE) {
            return None;
        }
        let mut done = vec![None; work.numbered.len()];
        for wave in waves {
            let parts: Vec<_> = wave
                .par_chunks(AT_ONCE)
                .map(|numbers| {
                    let mut part = self.part();
                    let filled: Option<Vec<(usize, Filled)>> = numbers
                        .iter()
                        .map(|number| Some((*number, part.numbered(*number, work)?)))
                        .collect();
                    (filled, part.complaints.is_empty(), part.files, part.sources)
                })
                .collect();
            for (filled, is_right, files, sources) in parts {
                for (number, filled) in filled.filter(|_| is_right)? {
                    self.keep_filled(number, work, filled, &mut done);
                }
                self.files.extend(files);
                self.sources.extend(sources);
            }
        }
        Some(done)
    }

    fn numbered(&mut self, number: usize, work: &Work<'_>) -> Option<Filled> {
        let (address, block) = work.numbered.get(number)?;
        let after = work
            .waits_for
            .get(number)?
            .iter()
            .filter_map(|other| Some((*work.numbered.get(*other)?.0).clone()))
            .collect();
        let (resource, attributes) = self.resource(address, block, work.targets, after)?;
        let is_wanted = work.wanted.get(number) == Some(&true);
        Some((resource, is_wanted.then_some(attributes)))
    }

    fn keep_filled(
        &mut self,
        number: usize,
        work: &Work<'_>,
        (resource, attributes): Filled,
        done: &mut Done,
    ) {
        if let (Some(attributes), Some((address, _))) = (attributes, work.numbered.get(number)) {
            let known = (resource.declared.clone(), attributes);
            Arc::make_mut(&mut self.filled).insert((*address).clone(), known);
        }
        if let Some(place) = done.get_mut(number) {
            *place = Some(resource);
        }
    }

    /// Returns the dependencies of a resource: those it refers to in attributes and in its template, and those in
    /// `after`, `restart-on` and `reload-on`.
    pub(super) fn wants(&self, block: &Block) -> Vec<Address> {
        let mut wants = Vec::new();
        for attribute in &block.attributes {
            attribute.value.references(&mut |reference, _| {
                if let Reference::Resource(other, _) = reference {
                    wants.push(other.clone());
                }
            });
        }
        for key in ["after", "restart-on", "reload-on"] {
            wants.extend(addresses(block, key).into_iter().map(|(other, _)| other));
        }
        if let Some((path, _)) = plain_text(block, "template")
            && let Some(Ok(template)) = self.templates.get(path)
        {
            wants.extend(template.resources().cloned());
        }
        wants
    }

    /// Returns the digest of the declaration of each resource that a key names.
    fn triggers(&self, block: &Block, key: &str) -> Option<BTreeMap<String, Digest>> {
        addresses(block, key)
            .into_iter()
            .map(|(other, _)| {
                let (trigger, _) = self.filled.get(&other)?;
                let record = trigger.record().ok()?;
                Some((other.to_string(), Digest::of(record.as_bytes())))
            })
            .collect()
    }

    pub(super) fn resource(
        &mut self,
        address: &Address,
        block: &Arc<Block>,
        targets: &BTreeMap<Arc<str>, TargetPlace>,
        after: Box<[Address]>,
    ) -> Option<(ResolvedResource, Attributes)> {
        let before = self.complaints.len();
        let facts = kind::facts(address.kind())?;
        let fields = || facts.fields.iter().chain(fields::RESOURCE);
        let attributes = self.attributes(address.as_str(), block, fields);
        // The target's own text, so that all resources on it share one allocation.
        let on = attributes.as_ref().and_then(|it| it.text("on"));
        let (on, place) = targets.get_key_value(on.unwrap_or_default()).unzip();
        let attributes = attributes?;
        let written = if facts.traits.material == Material::Content {
            let content = self.content(address, block, &attributes);
            let keys = ["content", "source", "template"];
            if content.is_none() && keys.iter().any(|key| attributes.get(key).is_some()) {
                return None;
            }
            content
        } else {
            None
        };
        let artifact = match attributes.text("artifact") {
            Some(name) if facts.traits.material == Material::Artifact => {
                let facts = self.surroundings.artifacts.get(name).cloned();
                if facts.is_none() {
                    let span = block.place("artifact").clone();
                    self.complain(
                        &codes::ARTIFACT,
                        address.as_str(),
                        &span,
                        format!("the artifact `{name}` could not be read"),
                    );
                }
                facts
            }
            _ => None,
        };
        let (on, place, true) = (on?, place?, self.complaints.len() == before) else {
            return None;
        };
        let triggers = self.triggers(block, "restart-on")?;
        let reload_triggers = self.triggers(block, "reload-on")?;
        let context = Context {
            address,
            environment: self.name,
            base: &place.base,
            state: &place.state,
            content: written.as_ref(),
            artifact: artifact.as_ref(),
            triggers,
            reload_triggers,
            seal: &self.materials,
        };
        match Declared::new(address.kind(), &context, &attributes) {
            Ok(declared) => {
                let resource = ResolvedResource {
                    on: Arc::clone(on),
                    block: Arc::clone(block),
                    declared,
                    after,
                };
                Some((resource, attributes))
            }
            Err(reasons) => {
                for each in reasons {
                    let span = block.place(each.attribute).clone();
                    self.complaints.push(
                        Defect::of(
                            &codes::WRONG_FORM,
                            address,
                            format!("{address}: {}", each.message),
                        )
                        .within(self.name)
                        .attribute(each.attribute)
                        .at(&span, "here"),
                    );
                }
                None
            }
        }
    }

    pub(super) fn complain_circle(
        &mut self,
        circle: &[usize],
        numbered: &[(&Address, &Arc<Block>)],
    ) {
        let members: Vec<(&Address, &Arc<Block>)> = circle
            .iter()
            .filter_map(|number| numbered.get(*number).copied())
            .collect();
        let mut path: Vec<&str> = members
            .iter()
            .map(|(address, _)| address.as_str())
            .collect();
        path.extend(members.first().map(|(address, _)| address.as_str()));
        let subject = path.first().copied().unwrap_or_default().to_owned();
        let mut complaint = Defect::new(
            &codes::CYCLE,
            subject,
            format!("resources depend on each other: {}", path.join(" → ")),
        );
        for ((_, block), next) in members.iter().zip(path.iter().skip(1)) {
            complaint = complaint.at(&block.span, format!("depends on {next}"));
        }
        self.complaints.push(complaint);
    }
}
