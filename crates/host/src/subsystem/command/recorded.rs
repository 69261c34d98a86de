//! The part of a target in memory: a command that ran is one of its other values.

use super::{Answer, Query, RunCommand};
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, failed, noted};
use crate::subsystem::Action;
use crate::{Performed, Text};
use evenkeel_model::Sealer;

fn thing(name: &str) -> (String, String) {
    ("command".to_owned(), name.to_owned())
}

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        let holds = !self.check.is_empty() && host.others.contains_key(&thing(&self.name));
        let detail = None;
        Answer { holds, detail }.into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, kit: &Kit<'_>) -> Outcome {
        let Action::RunCommand(RunCommand {
            name,
            run,
            environment,
            check,
            ..
        }) = action
        else {
            return broken(action);
        };
        if !check.is_empty() && host.others.contains_key(&thing(name)) {
            return Ok(noted("already so"));
        }
        for (variable, text) in environment {
            if let Text::Sealed(digest) = text
                && kit.materials.content(digest).is_none()
            {
                return Err(failed(
                    name,
                    format!("secret of variable `{variable}` unavailable: plan again"),
                ));
            }
        }
        host.others.insert(thing(name), run.join(" "));
        Ok(Performed::default())
    }
}
