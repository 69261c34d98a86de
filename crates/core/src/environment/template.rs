//! Templates: minijinja, with undefined names as errors and a limit of work.
//!
//! Only files beside the definitions are templates. Filled-in values and observed data are never rendered again.

use std::collections::BTreeSet;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};

use evenkeel_model::source::{SourceFile, Span};

/// Maximum number of instructions of a template: stops endless loops.
const FUEL: u64 = 5_000_000;

/// Parsed template.
#[derive(Debug)]
pub struct Template<'a> {
    environment: Environment<'a>,
    /// Names it uses, nested ones with dots: `port`, `directory.home.path`.
    pub names: BTreeSet<String>,
}

/// Problem of a template, with its place.
#[derive(Debug)]
pub struct TemplateProblem {
    /// Place in the template.
    pub span: Span,
    /// Message.
    pub message: String,
}

impl<'a> Template<'a> {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// When its syntax is invalid.
    pub fn new(file: &'a std::sync::Arc<SourceFile>) -> Result<Self, TemplateProblem> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // A rendered file ends like its template: the last line feed is content.
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        environment.set_fuel(Some(FUEL));
        super::template_text::settle(&mut environment);
        environment
            .add_template("template", &file.text)
            .map_err(|error| problem(file, &error))?;
        let names = environment
            .get_template("template")
            .map(|template| template.undeclared_variables(true))
            .map_err(|error| problem(file, &error))?;
        Ok(Self {
            environment,
            names: names.into_iter().collect(),
        })
    }

    /// Renders it. Error messages quote no value if one of the values is secret.
    ///
    /// # Errors
    ///
    /// An undefined name, a wrong type, too much work.
    pub fn render(
        &self,
        file: &std::sync::Arc<SourceFile>,
        values: &serde_json::Value,
        secret: bool,
    ) -> Result<String, TemplateProblem> {
        self.environment
            .get_template("template")
            .and_then(|template| template.render(minijinja::value::Serde(values)))
            .map_err(|error| {
                let mut problem = problem(file, &error);
                if secret && error.kind() != minijinja::ErrorKind::UndefinedError {
                    problem.message = error.kind().to_string();
                }
                problem
            })
    }
}

fn problem(file: &std::sync::Arc<SourceFile>, error: &minijinja::Error) -> TemplateProblem {
    let range = error.range().unwrap_or_else(|| {
        let line = error.line().unwrap_or(1);
        let start: usize = file
            .text
            .split_inclusive('\n')
            .take(line.saturating_sub(1))
            .map(str::len)
            .sum();
        start..start
    });
    let span = Span::new(file, range);
    let mut message = error.kind().to_string();
    if error.kind() == minijinja::ErrorKind::UndefinedError && !span.text().is_empty() {
        message = format!("`{}` is not defined", span.text().trim());
    } else if let Some(detail) = error.detail() {
        message = format!("{message}: {detail}");
    }
    TemplateProblem { span, message }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use evenkeel_model::source::SourceFile;

    #[test]
    fn names_are_known_before_rendering() {
        let file = SourceFile::new(
            "a.j2",
            "listen = {{ port }}\nhome = \"{{ directory.home.path }}\"\n",
        );
        let template = Template::new(&file).unwrap();
        let names: Vec<&str> = template.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["directory.home.path", "port"]);
        let text = template
            .render(
                &file,
                &serde_json::json!({"port": 7, "directory": {"home": {"path": "/x"}}}),
                false,
            )
            .unwrap();
        assert_eq!(text, "listen = 7\nhome = \"/x\"\n");
    }

    #[test]
    fn an_undefined_name_is_an_error_at_its_place() {
        let file = SourceFile::new("a.j2", "a\n{{ prot }}\n");
        let template = Template::new(&file).unwrap();
        let problem = template
            .render(&file, &serde_json::json!({"port": 7}), false)
            .unwrap_err();
        assert_eq!(problem.span.location().line, 2);
        assert!(problem.message.contains("prot"), "{}", problem.message);
    }

    #[test]
    fn values_are_written_like_in_content() {
        let values = serde_json::json!({
            "on": true, "off": false, "whole": 3, "part": 1.0, "large": i64::MIN, "text": "a",
            "flags": [true, false], "words": ["a", "b"], "rows": [{"on": true}],
        });
        let render = |text: &str| {
            let file = SourceFile::new("a.j2", text);
            Template::new(&file).unwrap().render(&file, &values, false)
        };
        for (template, expected) in [
            ("{{ on }} {{ off }}", "true false"),
            (
                "{{ whole }} {{ part }} {{ large }} {{ text }}",
                "3 1.0 -9223372036854775808 a",
            ),
            (
                "{{ flags | join(',') }} {{ words | join }}",
                "true,false ab",
            ),
            (
                "{{ rows | join(',', 'on') }} {{ rows | join(',', attribute='on') }}",
                "true true",
            ),
            (
                "{{ on | upper }} {{ on | lower }} {{ on | trim }}",
                "TRUE true true",
            ),
            ("{{ off | replace('f', 'F') }}", "False"),
            (
                "{{ flags | tojson }} {{ whole == 3 }}",
                "[true, false] true",
            ),
            (
                "{% if on and not off and on == true %}yes{% endif %}",
                "yes",
            ),
            (
                "{% set same = on %}{{ same }}{% for flag in flags %} {{ flag }}{% endfor %}",
                "true true false",
            ),
        ] {
            assert_eq!(render(template).unwrap(), expected, "{template}");
        }
        for (template, what) in [
            ("{{ flags }}", "a list"),
            ("{{ rows[0] }}", "a table"),
            ("{{ none }}", "nothing"),
        ] {
            let message = render(template).unwrap_err().message;
            assert!(
                message.contains(&format!("{what} cannot be used within text")),
                "{message}"
            );
        }
    }

    #[test]
    fn endless_work_ends() {
        let file = SourceFile::new(
            "a.j2",
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
        );
        let template = Template::new(&file).unwrap();
        assert!(
            template
                .render(&file, &serde_json::json!({}), false)
                .is_err()
        );
    }

    #[test]
    fn an_error_quotes_no_secret() {
        let file = SourceFile::new("a.j2", "{% include password %}");
        let template = Template::new(&file).unwrap();
        let values = serde_json::json!({"password": "hunter2"});
        let problem = template.render(&file, &values, true).unwrap_err();
        assert!(!problem.message.contains("hunter2"), "{}", problem.message);
    }
}
