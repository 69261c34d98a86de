//! The drift of an environment, one line each.

use std::io::{self, Write};

use super::super::document::EnvironmentReport;
use super::Style;
use evenkeel_model::text::count;

pub(super) fn environment_line(
    environment: &EnvironmentReport,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let sum = if environment.in_sync {
        style.good("in sync")
    } else {
        let corners: Vec<String> = environment
            .corners
            .iter()
            .map(|(name, number)| format!("{number} {name}"))
            .collect();
        style.bad(&corners.join(", "))
    };
    let share = (environment.observed * 100)
        .checked_div(environment.declared)
        .map_or_else(
            || "nothing declared".to_owned(),
            |share| {
                format!(
                    "{share} % of {} observed",
                    count(environment.declared, "attribute")
                )
            },
        );
    writeln!(to, "  {:<12} {sum}   {share}", environment.name)
}
