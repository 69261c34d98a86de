//! Any text, line by line: one list of lines, without their ends.

use std::sync::Arc;

use super::complaint::Outcome;
use super::tree::{Content, Node, Place, ScalarKind};
use crate::source::SourceFile;

/// Reads a text. White space at the end of a line is no part of it, and neither are empty lines at the end.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    let mut items = Vec::new();
    let mut start = 0;
    for line in file.text.trim_end().split_inclusive('\n') {
        let text = line.trim_end();
        items.push(Node::scalar(
            Place::new(start, start + text.len()),
            ScalarKind::Loose,
            text,
        ));
        start += line.len();
    }
    Ok(vec![Node::new(
        Place::new(0, file.text.len()),
        Content::List(items),
    )])
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::source::SourceFile;

    #[test]
    fn lines_have_their_places_and_no_ends() {
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
}
