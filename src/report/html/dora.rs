//! The four DORA figures.

use maud::html;

use super::super::document::Report;
use super::Section;
use super::text::sentence;

pub(super) fn section(report: &Report) -> Option<Section> {
    let dora = report.dora.as_ref()?;
    let body = html! {
        table {
            caption { (sentence(&dora.words())) }
            thead {
                tr {
                    th scope="col" { "Figure" }
                    th scope="col" { "Value" }
                    th scope="col" { "Events" }
                }
            }
            tbody {
                @for figure in dora.figures() {
                    tr {
                        th scope="row" { (figure.name) }
                        td { (sentence(&figure.value)) }
                        td { (sentence(&figure.events)) }
                    }
                }
            }
        }
        @for remark in dora.remarks() {
            p { (sentence(&remark)) }
        }
    };
    Some(Section::new("dora", "DORA figures", body))
}
