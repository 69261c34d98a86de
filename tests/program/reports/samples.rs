//! Sample of every format: the example document, rendered.

use std::path::Path;

use evenkeel::report::ReportFormat;

use super::super::world::valid;
use super::example::example;
use super::{is_all_in_the_document, rendered};

#[test]
fn every_format_has_a_sample() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/samples");
    let report = example();
    for format in ReportFormat::ALL {
        let path = folder.join(format!("report.{}", format.name()));
        let now = rendered(&report, *format);
        if std::env::var_os("EVENKEEL_BLESS").is_some_and(|value| value == "1") {
            std::fs::write(&path, &now).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == now,
            "{} is not what the format `{}` writes; if the change is meant: EVENKEEL_BLESS=1 cargo test --test program samples\n{}",
            path.display(),
            format.name(),
            evenkeel_model::text::unified(&kept, &now)
        );
    }
}

#[test]
fn every_format_renders_the_document_and_nothing_else() {
    is_all_in_the_document(&example());
}

#[test]
fn the_example_is_valid() {
    let text = rendered(&example(), ReportFormat::Json);
    valid(&serde_json::from_str(&text).unwrap());
}

#[test]
fn every_format_is_documented() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.md");
    let page = std::fs::read_to_string(page).unwrap();
    for format in ReportFormat::ALL {
        let line = format!("- `{}`: {}", format.name(), format.help());
        assert!(page.contains(&line), "docs/report.md lacks: {line}");
    }
    let formats = page.split("\n## ").find(|part| part.starts_with("Formats"));
    let listed = formats
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("- `"))
        .count();
    assert_eq!(listed, ReportFormat::ALL.len());
}

/// Each format has a section in `docs/formats.md`, whose first block is from its sample.
#[test]
fn every_format_has_a_section_with_lines_of_its_sample() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/formats.md")).unwrap();
    for format in ReportFormat::ALL {
        let name = format.name();
        let heading = format!("{name}\n");
        let section = page.split("\n## ").find(|part| part.starts_with(&heading));
        let section = section.unwrap_or_else(|| panic!("docs/formats.md has no section {name}"));
        assert!(section.contains(format.help()), "{name}: {}", format.help());
        for suffix in format.suffixes() {
            assert!(section.contains(&format!("`{suffix}`")), "{name}: {suffix}");
        }
        let sample = root.join(format!("docs/samples/report.{name}"));
        let sample = std::fs::read_to_string(sample).unwrap();
        let mut blocks = section.split("\n````");
        let block = blocks
            .nth(1)
            .unwrap_or_else(|| panic!("{name} has no example"));
        for line in block.lines().skip(1).filter(|line| *line != "…") {
            assert!(sample.contains(line), "{name}: {line}");
        }
    }
}
