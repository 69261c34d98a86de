//! Builds the tree of a document from parser events, with an explicit stack.

use std::borrow::Cow;
use std::ops::ControlFlow;

use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};

use super::super::complaint::{Complaint, Gathered, Outcome};
use super::super::limits::{self, DEEPEST};
use super::super::tree::{Content, Node, Place, ScalarKind};
use super::super::words::Words;
use super::super::{codes, duplicates};
use super::anchors::{Anchors, Built, Size};
use super::open::{Key, Open, Values};
use super::tag::{self, Written};
use super::{scalar, words};

/// Whether to continue with the next event.
type Step = ControlFlow<()>;

/// The completed documents, and the open lists and maps.
pub(super) struct Builder<'text> {
    text: &'text str,
    open: Vec<Open>,
    anchors: Anchors,
    roots: Vec<Node>,
    complaints: Gathered,
    keys: Words,
}

impl<'text> Builder<'text> {
    pub(super) fn new(text: &'text str) -> Self {
        Self {
            text,
            open: Vec::new(),
            anchors: Anchors::default(),
            roots: Vec::new(),
            complaints: Gathered::default(),
            keys: Words::default(),
        }
    }

    /// Handles an event. Breaks when a limit is exceeded.
    pub(super) fn take(&mut self, event: Event<'text>, place: Place) -> Step {
        let taken = match event {
            Event::DocumentStart(..) | Event::DocumentEnd => {
                self.anchors.forget();
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::UnresolvedAlias(name) => {
                self.unknown_anchor(&name, place);
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text, style, anchor, tag.as_deref(), place)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let start = match style {
                    StructureStyle::Block => self.start_of_list(place.start as usize),
                    StructureStyle::Flow => place.start as usize,
                };
                self.opened(Values::list(), start, anchor, tag.as_deref(), place)
            }
            Event::MappingStart(_, anchor, tag) => {
                let start = place.start as usize;
                self.opened(Values::map(), start, anchor, tag.as_deref(), place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.closed(place),
            _ => Ok(()),
        };
        match taken {
            Ok(()) => Step::Continue(()),
            Err(complaint) => {
                self.abandon(complaint);
                Step::Break(())
            }
        }
    }

    /// Gives up on the current document.
    pub(super) fn abandon(&mut self, complaint: Complaint) {
        self.complaints.push(complaint);
        self.open.clear();
        self.anchors.forget();
    }

    /// Returns whether the limit of reported complaints was reached.
    pub(super) fn is_full(&self) -> bool {
        self.complaints.is_full()
    }

    /// Returns the outcome of the text.
    pub(super) fn outcome(self) -> Outcome {
        self.complaints.outcome(self.roots)
    }

    fn complain(&mut self, place: Place, message: impl Into<String>) {
        self.complaints
            .push(Complaint::new(&codes::SYNTAX, place, message));
    }

    fn scalar(
        &mut self,
        text: Cow<'text, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        place: Place,
    ) -> Result<(), Complaint> {
        let plain = style == ScalarStyle::Plain;
        let absent = plain && place.start == place.end;
        let place = self.without_white_end(place);
        if absent && tag.is_none() && anchor == 0 && self.open.is_empty() {
            // A document without a value does not count: `---` before the first, or after the last.
            return Ok(());
        }
        let size = self.anchors.count(text.len(), place)?;
        let text = if absent { Cow::Borrowed("") } else { text };
        let key = if !self.awaits_key() {
            None
        } else if plain && text == "<<" && tag::may_merge(tag) {
            Some(Key::Merge)
        } else {
            // A key is its text: its type adds nothing.
            Some(Key::Known(self.keys.shared(&text), place))
        };
        if anchor == 0
            && let Some(key) = key
        {
            self.key(key, size, place.end as usize);
            return Ok(());
        }
        let written = Written {
            text,
            plain,
            absent,
        };
        let (scalar, kept) = tag::apply(written, tag).unwrap_or_else(|message| {
            self.complain(place, message);
            (scalar::of_plain(""), None)
        });
        let node = Node {
            place,
            tag: kept.map(Box::new),
            content: Content::Scalar(scalar),
        };
        let built = Built {
            node,
            size,
            height: 0,
        };
        self.anchors.keep(anchor, &built)?;
        match key {
            Some(key) => self.key(key, size, place.end as usize),
            None => self.value(built, place),
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Complaint> {
        let Some(built) = self.anchors.follow(anchor, place, self.open.len())? else {
            self.complaints.push(Complaint::new(
                &codes::ALIAS,
                place,
                "this alias is part of the value it names",
            ));
            self.nothing(place);
            return Ok(());
        };
        if !self.awaits_key() {
            self.value(built, place);
            return Ok(());
        }
        match built.node.content {
            Content::Scalar(scalar) => {
                let key = self.keys.shared(&scalar.text);
                self.key(Key::Known(key, place), built.size, place.end as usize);
            }
            _ => self.complex_key(place),
        }
        Ok(())
    }

    fn unknown_anchor(&mut self, name: &str, place: Place) {
        let name = duplicates::shortened(name);
        self.complaints.push(Complaint::new(
            &codes::ALIAS,
            place,
            format!("no anchor `&{name}` before this alias in its document"),
        ));
        self.nothing(place);
    }

    /// A placeholder for an invalid value: the document is rejected anyway.
    fn nothing(&mut self, place: Place) {
        if self.awaits_key() {
            self.key(Key::Unusable, Size::default(), place.end as usize);
        } else {
            let node = Node::scalar(place, ScalarKind::Null, "");
            let built = Built {
                node,
                size: Size::default(),
                height: 0,
            };
            self.value(built, place);
        }
    }

    fn opened(
        &mut self,
        values: Values,
        start: usize,
        anchor: usize,
        tag: Option<&Tag>,
        place: Place,
    ) -> Result<(), Complaint> {
        if self.open.len() >= DEEPEST {
            return Err(limits::too_deep(words::character(self.text, start)));
        }
        let size = self.anchors.count(0, place)?;
        let tag = tag::of_collection(tag, values.own_tag()).unwrap_or_else(|message| {
            self.complain(words::character(self.text, start), message);
            None
        });
        self.open.push(Open::new(values, start, anchor, tag, size));
        Ok(())
    }

    fn closed(&mut self, place: Place) -> Result<(), Complaint> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let anchor = open.anchor;
        let built = open.closed(place, &mut self.complaints);
        let place = built.node.place;
        self.anchors.keep(anchor, &built)?;
        if self.awaits_key() {
            self.complex_key(place);
        } else {
            self.value(built, place);
        }
        Ok(())
    }

    /// Returns whether the next node is the key of an open map.
    fn awaits_key(&self) -> bool {
        self.open.last().is_some_and(Open::awaits_key)
    }

    fn key(&mut self, key: Key, size: Size, end: usize) {
        if let Some(open) = self.open.last_mut() {
            open.key(key, size, end);
        }
    }

    fn complex_key(&mut self, place: Place) {
        let message = if words::is_template(self.text, place) {
            words::TEMPLATE_VALUE
        } else {
            "lists and maps cannot be keys: use a single value"
        };
        self.complain(place, message);
        self.key(Key::Unusable, Size::default(), place.end as usize);
    }

    /// Adds a value to its collection; `written` is its place here, possibly an alias.
    fn value(&mut self, built: Built, written: Place) {
        match self.open.last_mut() {
            Some(open) => open.put(built, written),
            None => self.roots.push(built.node),
        }
    }

    /// Returns the start of a block list. For one that is no deeper than its key, the parser reports the place of its
    /// first item.
    fn start_of_list(&self, reported: usize) -> usize {
        let Some(after_key) = self.open.last().and_then(Open::end_of_key) else {
            return reported;
        };
        let mut at = after_key;
        let between = self.text.get(at..reported).unwrap_or("");
        for line in between.split_inclusive('\n') {
            let content = line.trim_start_matches(' ');
            if at > after_key && content.starts_with('-') {
                return at + line.len() - content.len();
            }
            at += line.len();
        }
        reported
    }

    /// Trims a block scalar's place, which extends to the next line.
    fn without_white_end(&self, place: Place) -> Place {
        let (start, end) = (place.start as usize, place.end as usize);
        match self.text.get(start..end) {
            Some(written) => Place::new(start, start + written.trim_end().len()),
            None => place,
        }
    }
}
