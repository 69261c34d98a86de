//! Text from visitors stays text: never markup on a page, never SQL in the database.

use serde_json::Value;

use crate::entries;
use crate::exchange::{FORM, JSON, Request, form};
use crate::run::{Failure, require};
use crate::target::Target;

pub async fn reflected(target: &Target) -> Result<(), Failure> {
    let unique = &target.unique;
    let markup = format!("<script>{unique}</script>");
    let typed = format!("\"><img src=x {unique}>");
    let encoded = form(&[("q", &markup)]);
    let requests = [
        Request::get(format!("/?{encoded}")),
        Request::get(format!("/no-such-page?{encoded}")),
        Request::get(format!("/{}", encoded.trim_start_matches("q="))),
        // Refused because of the missing message, and shown again with the name in an attribute.
        Request::post("/", FORM, form(&[("name", &typed), ("message", "")])),
        // Refused because of its length, and shown again in the text area.
        Request::post(
            "/",
            FORM,
            form(&[
                ("name", &"n".repeat(81)),
                ("message", &format!("</textarea>{markup}")),
            ]),
        ),
    ];
    for request in requests {
        let answer = target.send(request).await?;
        for raw in [&markup, &typed] {
            require(!answer.body.contains(raw.as_str()), || {
                format!("{} reflects `{raw}`", answer.asked)
            })?;
        }
    }
    Ok(())
}

pub async fn stored(target: &Target) -> Result<(), Failure> {
    let unique = &target.unique;
    let name = format!("<img src=x title={unique}>");
    let message = format!("</p><script>{unique}</script>");
    entries::write(target, &name, &message).await?;
    let page = target.send(Request::get("/")).await?;
    page.expect_status(200)?;
    require(page.body.contains(unique), || {
        "the page does not show the entry".to_owned()
    })?;
    for markup in [&name, &message] {
        require(!page.body.contains(markup.as_str()), || {
            format!("the page does not escape `{markup}`")
        })?;
    }
    let list = target.send(Request::get("/api/entries")).await?;
    // A browser that took the list for a page would run its markup.
    require(list.media_type().as_deref() == Some(JSON), || {
        "the list is not sent as JSON".to_owned()
    })
}

pub async fn sql(target: &Target) -> Result<(), Failure> {
    let name = "Robert'); DROP TABLE entry;--";
    let message = format!("{}' OR '1'='1'; DELETE FROM entry; --", target.unique);
    let id = entries::write(target, name, &message).await?;
    let entry = entries::read(target, id).await?;
    for (field, written) in [("name", name), ("message", &message)] {
        let stored = entry.get(field).and_then(Value::as_str);
        require(stored == Some(written), || {
            format!("the {field} is {stored:?}, expected `{written}`")
        })?;
    }
    Ok(())
}
