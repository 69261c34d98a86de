//! The page for people: the entries, and a form to add one. There is no script, and all text from visitors is escaped.

use std::collections::HashMap;
use std::fmt::Write;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{Html, IntoResponse, Response};

use crate::app::App;
use crate::entry::{Complaint, Draft, Entry, LONGEST_MESSAGE, LONGEST_NAME};
use crate::problem::Problem;

const SHOWN: u32 = 50;

/// The content of the form: initially empty, or the text of a rejected entry.
#[derive(Default)]
struct Typed<'form> {
    name: &'form str,
    message: &'form str,
    complaints: Vec<Complaint>,
}

/// `GET /`
pub async fn show(State(app): State<App>) -> Response {
    answer(&app, StatusCode::OK, &Typed::default()).await
}

/// `POST /`
pub async fn sign(
    State(app): State<App>,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Response {
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return form_problem(&rejection).into_page(),
    };
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let (name, message) = (field("name"), field("message"));
    let draft = match Draft::understand(name, message) {
        Ok(draft) => draft,
        Err(complaints) => {
            let typed = Typed {
                name,
                message,
                complaints,
            };
            return answer(&app, StatusCode::UNPROCESSABLE_ENTITY, &typed).await;
        }
    };
    match app.store.add(draft).await {
        // See other: reloading the next page does not sign twice.
        Ok(_) => (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response(),
        Err(error) => app.store_problem(&error).into_page(),
    }
}

fn form_problem(rejection: &FormRejection) -> Problem {
    match rejection {
        FormRejection::InvalidFormContentType(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the form as application/x-www-form-urlencoded.",
        ),
        _ => Problem::new(StatusCode::BAD_REQUEST, "The form is unreadable."),
    }
}

async fn answer(app: &App, status: StatusCode, typed: &Typed<'_>) -> Response {
    match app.store.newest(SHOWN).await {
        Ok(entries) => (status, Html(page(&entries, typed))).into_response(),
        Err(error) => app.store_problem(&error).into_page(),
    }
}

fn page(entries: &[Entry], typed: &Typed<'_>) -> String {
    let mut page = String::with_capacity(2048 + entries.len() * 512);
    page.push_str(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Guestbook</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main>\n<h1>Guestbook</h1>\n",
    );
    push_form(&mut page, typed);
    if entries.is_empty() {
        page.push_str("<p>No entries yet.</p>\n");
    }
    for entry in entries {
        push_entry(&mut page, entry);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn push_form(page: &mut String, typed: &Typed<'_>) {
    if !typed.complaints.is_empty() {
        page.push_str("<ul class=\"complaints\" role=\"alert\">\n");
        for Complaint { field, detail } in &typed.complaints {
            page.push_str("<li>The ");
            push_escaped(page, field);
            page.push(' ');
            push_escaped(page, detail);
            page.push_str(".</li>\n");
        }
        page.push_str("</ul>\n");
    }
    // Writing to a `String` cannot fail.
    let _ = write!(
        page,
        "<form method=\"post\" action=\"/\">\n\
         <label>Name <input name=\"name\" maxlength=\"{LONGEST_NAME}\" autocomplete=\"name\" required value=\""
    );
    push_escaped(page, typed.name);
    // HTML drops a line feed right after the opening tag, so add one.
    let _ = write!(
        page,
        "\"></label>\n\
         <label>Message <textarea name=\"message\" maxlength=\"{LONGEST_MESSAGE}\" rows=\"4\" required>\n"
    );
    push_escaped(page, typed.message);
    page.push_str("</textarea></label>\n<button>Sign</button>\n</form>\n");
}

fn push_entry(page: &mut String, entry: &Entry) {
    page.push_str("<article>\n<h2>");
    push_escaped(page, &entry.name);
    page.push_str("</h2>\n<p>");
    push_escaped(page, &entry.message);
    page.push_str("</p>\n");
    if let Some(written_at) = &entry.written_at {
        page.push_str("<time>");
        push_escaped(page, written_at);
        page.push_str("</time>\n");
    }
    page.push_str("</article>\n");
}

/// Escapes text for content and quoted attributes.
fn push_escaped(page: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
    }
}
