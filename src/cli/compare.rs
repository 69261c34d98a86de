//! `evenkeel compare`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{CompareRequest, compare};
use evenkeel_document::Format;

/// Compare two files or two directories, without any definitions.
///
/// Configuration files are compared as trees: lists by what identifies their elements, values by what they mean. Files of
/// directories are matched by their relative names. The words in which the two paths differ count as identity values:
/// `deploy.staging.yml` and `deploy.production.yml` are compared as `staging` and `production`, and what differs only by
/// these words is no difference; the report says so, and --no-names switches it off. It exits with 2 when there are differences.
#[derive(Args)]
pub(super) struct Arguments {
    /// The first file or directory: the earlier environment; `-` is the standard input
    left: String,
    /// The second one
    right: String,
    /// Values that correspond to each other, such as `stg.example.org=example.org`; may be given several times
    #[arg(long = "identity", value_name = "LEFT=RIGHT", value_parser = parse_identity)]
    identities: Vec<(String, String)>,
    /// Do not count the words in which the two paths differ as identity values
    #[arg(long)]
    no_names: bool,
    /// List everything that is written differently and counts as equal: by meaning, or by an identity
    #[arg(long)]
    explain_equal: bool,
    /// The format of the files, whatever their names say
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
