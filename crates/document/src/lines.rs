//! Text compared line by line: one list of lines, without their ends.

use std::sync::Arc;

use super::complaint::Outcome;
use super::limits::{self, MOST_NODES};
use super::tree::{Content, Node, Place, ScalarKind};
use evenkeel_model::source::SourceFile;

/// Parses a text. White space at line ends and empty lines at the end are dropped.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    lines(&file.text, MOST_NODES)
}

/// Returns the lines of a text, if their number is at most the limit.
fn lines(text: &str, most: usize) -> Outcome {
    let mut items = Vec::new();
    let mut start = 0;
    for line in text.trim_end().split_inclusive('\n') {
        let content = line.trim_end();
        if items.len() == most {
            let place = Place::new(start, start + content.len());
            return Err(vec![limits::too_many(place)].into());
        }
        items.push(Node::scalar(
            Place::new(start, start + content.len()),
            ScalarKind::Loose,
            content,
        ));
        start += line.len();
    }
    Ok(vec![Node::new(
        Place::new(0, text.len()),
        Content::List(items),
    )])
}

#[cfg(test)]
mod tests {
    use super::super::codes;
    use super::{lines, read};
    use evenkeel_model::source::SourceFile;

    #[test]
    fn lines_have_places_and_no_line_ends() {
        let file = SourceFile::new("a.conf", "a 1\r\n\nb  \n\n");
        let roots = read(&file).unwrap();
        let super::Content::List(items) = &roots[0].content else {
            panic!("a list");
        };
        let texts: Vec<&str> = items
            .iter()
            .map(|item| &*item.as_scalar().unwrap().text)
            .collect();
        assert_eq!(texts, ["a 1", "", "b"]);
        assert_eq!((items[2].place.start, items[2].place.end), (6, 7));
    }

    #[test]
    fn more_lines_than_the_limit_are_an_error() {
        assert!(lines("a\nb\n", 2).is_ok());
        let complaints = lines("a\nb\nc\n", 2).unwrap_err();
        assert_eq!(complaints[0].code, &codes::TOO_LARGE);
        assert_eq!((complaints[0].place.start, complaints[0].place.end), (4, 5));
    }
}
