//! The list of security cases: attempts of an attacker, and requirements for every response. They do no harm: a correct
//! service treats the written entries as plain text.

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
        "no response names its software",
        answers::no_nameplates(target),
    )
    .await;
    run.case(
        "error pages reveal no internal details",
        answers::no_internals(target),
    )
    .await;
    run.case(
        "request text is not reflected as markup",
        text::reflected(target),
    )
    .await;
    run.case("stored text is not shown as markup", text::stored(target))
        .await;
    run.case("text that looks like SQL stays text", text::sql(target))
        .await;
    run.case("an oversized body is refused", refusals::oversized(target))
        .await;
    run.case(
        "malformed JSON is a 400 problem",
        refusals::malformed(target),
    )
    .await;
    run.case(
        "paths do not leave the service",
        refusals::traversal(target),
    )
    .await;
    run.case(
        "an unsupported method is a 405",
        refusals::wrong_method(target),
    )
    .await;
    run.case(
        "only the moderator's token deletes",
        refusals::moderator_only(target),
    )
    .await;
    if let Some(token) = &target.token {
        run.case("no entry of this run remains", entries::tidy(target, token))
            .await;
    }
}
