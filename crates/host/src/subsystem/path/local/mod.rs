//! The local part: questions about paths here, actions in [`placing`].
//!
//! Each directory of a batch is opened once, and its entries are read on all cores.

mod commit;
pub(crate) mod look;
pub(crate) mod placing;
mod stage;
pub(crate) mod view;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use super::{Answer, PathState, Placement, Query};
use crate::local::owners::Owners;
use crate::local::{Found, Local, LocalTarget, Work, unreadable};
use crate::place::{self, Obstacle};
use crate::port::Outcome;
use crate::subsystem::Action;
use look::Look;
use placing::{Workshop, place};

/// A question about a path, and its number in the batch.
struct PathRequest<'a> {
    number: usize,
    name: OsString,
    look: Look<'a>,
}

/// The questions by directory.
#[derive(Default)]
struct Directories<'a> {
    all: Vec<(PathBuf, Vec<PathRequest<'a>>)>,
    numbers: HashMap<OsString, usize>,
    last: Option<usize>,
}

impl<'a> Directories<'a> {
    fn ask(&mut self, parent: PathBuf, asked: PathRequest<'a>) {
        let number = self.number(&parent);
        self.last = Some(number);
        match self.all.get_mut(number) {
            Some((_, all)) => all.push(asked),
            None => self.all.push((parent, vec![asked])),
        }
    }

    /// Paths of one directory usually follow each other.
    fn number(&mut self, parent: &Path) -> usize {
        if let Some(last) = self.last
            && let Some((path, _)) = self.all.get(last)
            && path.as_os_str() == parent.as_os_str()
        {
            return last;
        }
        let next = self.all.len();
        *self.numbers.entry(parent.into()).or_insert(next)
    }
}

impl Local for Query {
    fn observe(target: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        let owners = Owners::read();
        let split: Vec<Result<(PathBuf, OsString), Obstacle>> = asked
            .par_iter()
            .map(|(_, query)| place::split(Path::new(&query.path)))
            .collect();
        let mut directories = Directories::default();
        for ((number, query), place) in asked.iter().zip(split) {
            match place {
                Ok((parent, name)) => {
                    let look = Look {
                        owners: &owners,
                        seal: query.sealed.then_some(&target.sealer),
                        text_unless: query.text_unless,
                    };
                    let number = *number;
                    directories.ask(parent, PathRequest { number, name, look });
                }
                Err(obstacle) => found(*number, unreadable(obstacle.to_string())),
            }
        }
        directories
            .all
            .into_par_iter()
            .for_each(|(parent, asked)| in_directory(&parent, &asked, found));
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        let placements: Vec<(usize, Placement<'_>)> = actions
            .iter()
            .filter_map(|(number, action)| Some((*number, Placement::of(action)?)))
            .collect();
        let workshop = Workshop {
            owners: &Owners::read(),
            launcher: &work.target.launcher,
            sealer: &work.target.sealer,
            materials: work.materials,
            interruption: work.interruption,
            few: false,
        };
        place(&workshop, &placements)
    }
}

fn in_directory(parent: &Path, asked: &[PathRequest<'_>], found: Found<'_>) {
    let directory = match place::open_directory(parent) {
        Ok(directory) => directory,
        Err(obstacle) => {
            let answer = match obstacle {
                Obstacle::Missing(_) => Answer {
                    standing: PathState::Missing,
                    text: None,
                    changed: None,
                }
                .into(),
                obstacle => unreadable(obstacle.to_string()),
            };
            for each in asked {
                found(each.number, answer.clone());
            }
            return;
        }
    };
    let answer = |each: &PathRequest<'_>| match each.look.at(&directory, &each.name) {
        Ok(answer) => answer.into(),
        Err(reason) => unreadable(format!("`{}`: {reason}", parent.join(&each.name).display())),
    };
    asked
        .par_iter()
        .for_each(|each| found(each.number, answer(each)));
}
