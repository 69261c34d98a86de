//! Small marks of all sections: icons with their words, states, moments, places.
//!
//! An icon always has its word beside it, so that neither colour nor shape is needed to read it.

use maud::{Markup, html};

use super::super::document::{PlaceDocument, Tone};
use super::text::{brief, sentence};
use evenkeel_model::Moment;
use evenkeel_model::defect::Severity;

/// State of something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// In order.
    Good,
    /// Waiting for a person or the next command.
    Waiting,
    /// Wrong.
    Bad,
    /// Neither.
    Plain,
}

impl State {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
            Self::Plain => "plain",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
            Self::Plain => "advice",
        }
    }

    /// Returns good or bad.
    pub(super) fn of(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Bad }
    }
}

impl From<Tone> for State {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Good => Self::Good,
            Tone::Waiting => Self::Waiting,
            Tone::Bad => Self::Bad,
        }
    }
}

/// Returns the class of a tone.
pub(super) fn tone_class(tone: Tone) -> &'static str {
    State::from(tone).class()
}

/// Returns the shapes of all icons, which the page refers to by name.
pub(super) fn symbols() -> Markup {
    html! {
        svg.symbols width="0" height="0" aria-hidden="true" focusable="false" {
            symbol #icon-good viewBox="0 0 16 16" {
                circle cx="8" cy="8" r="7" {}
                path d="M4.6 8.4 7 10.8 11.6 5.6" {}
            }
            symbol #icon-bad viewBox="0 0 16 16" {
                circle cx="8" cy="8" r="7" {}
                path d="M5.4 5.4 10.6 10.6M10.6 5.4 5.4 10.6" {}
            }
            symbol #icon-waiting viewBox="0 0 16 16" {
                circle cx="8" cy="8" r="7" {}
                path d="M8 4.4V8.4L10.6 10" {}
            }
            symbol #icon-critical viewBox="0 0 16 16" {
                path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z" {}
                path d="M8 4.2V8.8M8 11.3v.3" {}
            }
            symbol #icon-error viewBox="0 0 16 16" {
                circle cx="8" cy="8" r="7" {}
                path d="M5.4 5.4 10.6 10.6M10.6 5.4 5.4 10.6" {}
            }
            symbol #icon-warning viewBox="0 0 16 16" {
                path d="M8 1.4 15.2 14.4H.8Z" {}
                path d="M8 5.8V9.4M8 11.7v.3" {}
            }
            symbol #icon-advice viewBox="0 0 16 16" {
                circle cx="8" cy="8" r="7" {}
                path d="M8 7.4V11.6M8 4.6v.3" {}
            }
            symbol #icon-declared viewBox="0 0 16 16" {
                rect x="1.5" y="1.5" width="13" height="13" rx="2" {}
                path d="M4.6 8.4 7 10.8 11.6 5.6" {}
            }
        }
    }
}

/// Returns an icon. The caller adds the word.
pub(super) fn icon(name: &str) -> Markup {
    html! {
        svg.icon width="16" height="16" aria-hidden="true" focusable="false" {
            use href={ "#icon-" (name) } {}
        }
    }
}

/// A severity.
pub(super) fn severity(severity: Severity) -> Markup {
    let name = severity.name();
    html! { span class={ "mark " (name) } { (icon(name)) (name) } }
}

/// A state in words.
pub(super) fn state(state: State, words: &str) -> Markup {
    // Long words wrap everywhere.
    let is_long = words.chars().count() > 30;
    html! { span.mark.long[is_long].(state.class()) { (icon(state.icon())) (sentence(words)) } }
}

/// Returns a moment in seconds, in UTC.
pub(super) fn moment(moment: Moment) -> Markup {
    let machine = moment.to_string();
    html! { time datetime=(machine) { (moment_words(moment)) } }
}

/// Returns a moment on up to two lines: its day, and its time of day.
pub(super) fn moment_in_parts(moment: Moment) -> Markup {
    let words = moment_words(moment);
    let (day, time) = words.split_once(' ').unwrap_or((&words, ""));
    html! {
        time.parts datetime=(moment.to_string()) { span { (day) } " " span { (time) } }
    }
}

/// Returns a moment as `2026-11-28 10:00:00 UTC`.
pub(super) fn moment_words(moment: Moment) -> String {
    let machine = moment.to_string();
    match machine.split_once('T') {
        Some((date, time)) => {
            let time = time.trim_end_matches('Z');
            let time = time.split('.').next().unwrap_or(time);
            format!("{date} {time} UTC")
        }
        None => machine,
    }
}

/// A day.
pub(super) fn day(moment: Moment) -> Markup {
    let day = moment.date().to_string();
    html! { time datetime=(day) { (day) } }
}

/// Returns the path of a place, relative to the repository if there is one.
pub(super) fn path(place: &PlaceDocument) -> &str {
    place.repository_path.as_deref().unwrap_or(&place.path)
}

/// Returns a place: `environments/production.toml:4:8`.
pub(super) fn place(place: &PlaceDocument) -> Markup {
    html! { code.place { (brief(path(place))) ":" (place.line) ":" (place.column) } }
}

/// Returns one row of facts: a name and its value. Rows without a value are omitted.
pub(super) fn fact(name: &str, contents: Option<Markup>) -> Markup {
    html! {
        @if let Some(contents) = contents {
            div { dt { (name) } dd { (contents) } }
        }
    }
}

/// Heads of a table of steps with their outcomes.
pub(super) fn outcomes() -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { "Step" }
                th scope="col" { "Outcome" }
                th scope="col" { "Reason" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, moment_words};

    #[test]
    fn moments_have_no_parts_of_seconds() {
        let at = Moment::new("2026-11-28T10:00:00.123Z".parse().unwrap());
        assert_eq!(moment_words(at), "2026-11-28 10:00:00 UTC");
    }
}
