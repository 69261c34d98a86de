//! A visitor's journey through the pages and the interface, from opening the page to the deletion by the moderator.

use serde_json::Value;

use crate::entries;
use crate::exchange::{FORM, Request, form};
use crate::run::{Failure, Run, require};
use crate::target::Target;

const OPEN: &str = "the page opens with a form";
const SIGN: &str = "the form is accepted and redirects to the page";
const SEEN: &str = "the page shows the entry, escaped";
const READ: &str = "the interface returns the same entry";
const REFUSED: &str = "deleting without the moderator's token is refused";
const DELETED: &str = "the moderator deletes the entry";
const GONE: &str = "the entry is gone";

/// The visitor's text: markup, to test escaping, and unique in each run.
struct Visitor {
    name: String,
    message: String,
}

pub async fn check(target: &Target, run: &mut Run) {
    let unique = &target.unique;
    let visitor = Visitor {
        name: format!("<b>{unique}</b>"),
        message: format!("Greetings & \"good wishes\" from <i>{unique}</i>"),
    };
    run.case(OPEN, open(target)).await;
    let Some(location) = run.case(SIGN, sign(target, &visitor)).await else {
        run.not_tried(&[SEEN, READ, REFUSED], "the form was not accepted");
        return;
    };
    run.case(SEEN, see(target, &location)).await;
    let Some(id) = run.case(READ, read(target, &visitor)).await else {
        run.not_tried(&[REFUSED], "the entry was not found");
        return;
    };
    run.case(REFUSED, refused(target, id)).await;
    if let Some(token) = &target.token {
        match run.case(DELETED, delete(target, id, token)).await {
            Some(()) => {
                run.case(GONE, gone(target, id)).await;
            }
            None => run.not_tried(&[GONE], "the entry was not deleted"),
        }
    }
}

async fn open(target: &Target) -> Result<(), Failure> {
    let page = target.send(Request::get("/")).await?;
    page.expect_status(200)?;
    require(page.media_type().as_deref() == Some("text/html"), || {
        "the page is not HTML".to_owned()
    })?;
    for part in ["<form", "name=\"name\"", "name=\"message\""] {
        require(page.body.contains(part), || {
            format!("the page has no `{part}`")
        })?;
    }
    Ok(())
}

async fn sign(target: &Target, visitor: &Visitor) -> Result<String, Failure> {
    let body = form(&[("name", &visitor.name), ("message", &visitor.message)]);
    let answer = target.send(Request::post("/", FORM, body)).await?;
    answer.expect_status(303)?;
    let location = answer
        .header("location")
        .ok_or_else(|| Failure::wrong("the redirect has no target"))?;
    target.path_of(location)
}

async fn see(target: &Target, location: &str) -> Result<(), Failure> {
    let page = target.send(Request::get(location)).await?;
    page.expect_status(200)?;
    let unique = &target.unique;
    for markup in [format!("<b>{unique}"), format!("<i>{unique}")] {
        require(!page.body.contains(&markup), || {
            format!("the page does not escape `{markup}`")
        })?;
    }
    for text in [
        format!("&lt;b&gt;{unique}&lt;/b&gt;"),
        format!("&lt;i&gt;{unique}&lt;/i&gt;"),
    ] {
        require(page.body.contains(&text), || {
            format!("the page does not show `{text}`")
        })?;
    }
    Ok(())
}

async fn read(target: &Target, visitor: &Visitor) -> Result<i64, Failure> {
    let found = entries::find(target, &target.unique).await?;
    let [id] = found.as_slice() else {
        return Err(Failure::wrong(format!(
            "the list has {} entries of this visitor, expected 1",
            found.len()
        )));
    };
    let entry = entries::read(target, *id).await?;
    for (field, written) in [("name", &visitor.name), ("message", &visitor.message)] {
        let stored = entry.get(field).and_then(Value::as_str);
        require(stored == Some(written), || {
            format!("the {field} is {stored:?}, expected `{written}`")
        })?;
    }
    Ok(*id)
}

async fn refused(target: &Target, id: i64) -> Result<(), Failure> {
    target
        .send(Request::delete(entries::path(id)))
        .await?
        .expect_problem(401)?;
    entries::read(target, id).await.map(|_| ())
}

async fn delete(target: &Target, id: i64, token: &str) -> Result<(), Failure> {
    target
        .send(Request::delete(entries::path(id)).bearer(token))
        .await?
        .expect_status(204)
}

async fn gone(target: &Target, id: i64) -> Result<(), Failure> {
    target
        .send(Request::get(entries::path(id)))
        .await?
        .expect_problem(404)?;
    let page = target.send(Request::get("/")).await?;
    require(!page.body.contains(&target.unique), || {
        "the page still shows the deleted entry".to_owned()
    })
}
