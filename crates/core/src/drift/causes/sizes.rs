//! Sizes, by measure and direction: less memory throughout staging is one decision.

use evenkeel_comparison::meaning::{Dimension, Relation};
use evenkeel_comparison::{Matter, Step};

use super::{Member, Rule, Seen, by_key};
use crate::environment::definition::size_class;

pub(super) const RULE: Rule = Rule {
    name: "sizes",
    sees,
    joins,
    is_widespread: false,
    message: None,
};

/// Words of keys by measure.
const MEASURES: &[(&str, &[&str])] = &[
    ("memory", &["memory", "mem", "heap", "ram", "xmx", "xms"]),
    ("storage", &["storage", "disk", "volume"]),
    ("processors", &["cpu", "cpus", "cores", "vcpu", "vcpus"]),
    (
        "replicas",
        &[
            "replica",
            "replicas",
            "replicacount",
            "desired",
            "instances",
            "nodes",
            "pods",
            "capacity",
        ],
    ),
];

fn sees(seen: &Seen<'_>) -> Option<(String, String)> {
    let Matter::Value(Relation::Size {
        left,
        right,
        dimension,
    }) = &seen.disagreement.matter
    else {
        return None;
    };
    let direction = if left < right { "less" } else { "more" };
    let classes = if *dimension == Dimension::Count {
        format!("{} {}", size_class(*left), size_class(*right))
    } else {
        String::new()
    };
    let measure = measure(&seen.disagreement.path.steps, *dimension);
    Some((format!("{measure} {direction} {classes}"), String::new()))
}

fn joins(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    by_key(members, |_| true)
}

/// Returns the measure of a size, by the nearest key that shows it; otherwise the key itself.
fn measure(steps: &[Step], dimension: Dimension) -> String {
    match dimension {
        Dimension::Machine => return "machines".to_owned(),
        Dimension::Cores => return "processors".to_owned(),
        _ => {}
    }
    let mut keys = steps.iter().rev().filter_map(|step| match step {
        Step::Key(key) => Some(measured(key)),
        // `NAME=value` in a list, and the value of a named element.
        Step::Element(names) => names.first().map(|(_, name)| measured(name)),
        Step::Position(_) => None,
    });
    let mut words = keys.next().unwrap_or_default();
    let says_little = |words: &[String]| {
        matches!(words, [] | [_])
            && words
                .iter()
                .all(|word| matches!(&**word, "value" | "size" | "count" | "number"))
    };
    if says_little(&words) {
        let mut above = keys.next().unwrap_or_default();
        above.append(&mut words);
        words = above;
    }
    let known = MEASURES.iter().find(|(_, names)| {
        words.iter().any(|word| {
            names
                .iter()
                .any(|name| word == name || word.ends_with(name))
        })
    });
    known.map_or_else(|| words.join(" "), |(measure, _)| (*measure).to_owned())
}

/// Returns the lower-case words of a key without those of bounds.
fn measured(key: &str) -> Vec<String> {
    const BOUNDS: &[&str] = &[
        "min", "max", "minimum", "maximum", "desired", "initial", "default", "limit", "limits",
        "request", "requests", "total", "per",
    ];
    let mut words = vec![String::new()];
    let mut was_small = false;
    for each in key.chars() {
        let is_hump = each.is_uppercase() && was_small;
        if is_hump || !each.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| each.is_alphanumeric()) {
            word.extend(each.to_lowercase());
        }
        was_small = each.is_lowercase() || each.is_numeric();
    }
    words.retain(|word| !word.is_empty() && !BOUNDS.contains(&&**word));
    words
}

#[cfg(test)]
mod tests {
    use super::measure;
    use evenkeel_comparison::Step;
    use evenkeel_comparison::meaning::Dimension;

    #[test]
    fn a_size_is_recognised_by_its_measure() {
        let measured_by = |keys: &[&str]| {
            let steps: Vec<Step> = keys.iter().map(|key| Step::Key((*key).into())).collect();
            measure(&steps, Dimension::Count)
        };
        assert_eq!(
            measured_by(&["limits", "memory"]),
            measured_by(&["requests", "memoryMiB"])
        );
        assert_eq!(
            measured_by(&["asg", "minSize"]),
            measured_by(&["asg", "max_size"])
        );
        assert_eq!(measured_by(&["web", "minReplicas"]), "replicas");
        assert_eq!(measured_by(&["web", "replicaCount"]), "replicas");
        assert_eq!(measured_by(&["pool", "size"]), "pool size");
        assert_eq!(
            measured_by(&["MAX_CONNECTIONS"]),
            measured_by(&["connections"])
        );
        assert_eq!(measured_by(&["allocated_storage"]), "storage");
        assert_ne!(measured_by(&["workers"]), measured_by(&["retries"]));
    }
}
