//! `evenkeel compare`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{CompareRequest, compare};
use evenkeel_document::Format;

/// Compare two files or directories, without definitions
///
/// Configuration files are compared as trees: list elements by their identity, values by their meaning. Files of directories
/// are matched by their relative paths. The words in which the two paths differ count as identities:
/// `deploy.staging.yml` and `deploy.production.yml` are compared as `staging` and `production`, and a value that differs only
/// by these words is equal. The report names them; --no-names disables this. Exit code 2 means differences.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel compare values-staging.yaml values-production.yaml
  evenkeel compare overlays/staging overlays/production
  evenkeel compare a.json b.json --identity stg.example.org=example.org")]
pub(super) struct Arguments {
    /// The first file or directory, of the earlier environment; `-` is standard input
    left: String,
    /// The second file or directory
    right: String,
    /// Values that correspond, such as `stg.example.org=example.org`; may be given several times
    #[arg(long = "identity", value_name = "LEFT=RIGHT", value_parser = parse_identity)]
    identities: Vec<(String, String)>,
    /// Do not treat the words in which the two paths differ as identities
    #[arg(long)]
    no_names: bool,
    /// List the values that are equal by meaning or by an identity, but written differently
    #[arg(long)]
    explain_equal: bool,
    /// The format of the files, regardless of their names
    #[arg(long, value_name = "FORMAT", value_parser = clap::builder::PossibleValuesParser::new(Format::NAMES))]
    read_as: Option<String>,
}

fn parse_identity(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            Ok((left.to_owned(), right.to_owned()))
        }
        _ => Err("expected two values such as `stg=prod`".into()),
    }
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let request = CompareRequest {
        left: arguments.left,
        right: arguments.right,
        identities: arguments.identities,
        no_names: arguments.no_names,
        explain_equal: arguments.explain_equal,
        format: arguments.read_as,
    };
    surroundings.render(compare(surroundings.world, &request))
}
