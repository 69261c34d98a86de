//! What a visitor with bad intentions would try, and what every answer owes to everybody else. Nothing here does harm:
//! the entries it writes are plain text to a service that holds. This file is the list of cases.

mod answers;
mod refusals;
mod text;

use crate::entries;
use crate::run::Run;
use crate::target::Target;

/// More than any entry needs, and little enough to send.
const OVERSIZED: usize = 128 * 1024;

pub async fn check(target: &Target, run: &mut Run) {
    for (request, status) in answers::specimens() {
        let name = format!(
            "{} {} ({status}) has the security headers",
            request.method, request.path
        );
        run.case(&name, async {
            let answer = target.send(request).await?;
            answer.expect_status(status)?;
            answers::verify_headers(&answer)
        })
        .await;
    }
    run.case(
        "no answer says what it was made with",
        answers::no_nameplates(target),
    )
    .await;
    run.case(
        "error pages keep the inside inside",
        answers::no_internals(target),
    )
    .await;
    run.case(
        "what is asked for is not reflected as markup",
        text::reflected(target),
    )
    .await;
    run.case(
        "what was written is not shown as markup",
        text::stored(target),
    )
    .await;
    run.case("text that looks like SQL is only text", text::sql(target))
        .await;
    run.case("an oversized body is refused", refusals::oversized(target))
        .await;
    run.case(
        "malformed JSON is a 400 problem",
        refusals::malformed(target),
    )
    .await;
    run.case(
        "paths do not lead out of the service",
        refusals::traversal(target),
    )
    .await;
    run.case(
        "a method that is not offered is a 405",
        refusals::wrong_method(target),
    )
    .await;
    run.case(
        "only the moderator's token deletes",
        refusals::moderator_only(target),
    )
    .await;
    if let Some(token) = &target.token {
        run.case("nothing of this run is left", entries::tidy(target, token))
            .await;
    }
}
