//! The text of quoted templates and heredocs without computed parts.

use super::token::{Kind, Lexer, Token};

/// Decodes the escapes of a quoted text.
///
/// # Errors
///
/// The bytes of the first invalid escape, and the problem.
pub(super) fn unquote(literal: &str) -> Result<String, (std::ops::Range<usize>, &'static str)> {
    let mut text = String::with_capacity(literal.len());
    let mut rest = literal;
    while let Some(at) = rest.find(['\\', '$', '%']) {
        let (plain, found) = rest.split_at(at);
        text.push_str(plain);
        let start = literal.len() - found.len();
        let (character, length) = if found.starts_with('\\') {
            escape(found).map_err(|(length, message)| (start..start + length, message))?
        } else {
            template_escape(found)
        };
        text.push(character);
        rest = found.get(length..).unwrap_or("");
    }
    text.push_str(rest);
    Ok(text)
}

/// Returns the character of an escape sequence and its length.
fn escape(found: &str) -> Result<(char, usize), (usize, &'static str)> {
    let named = found.chars().nth(1);
    let digits = match named {
        Some('n') => return Ok(('\n', 2)),
        Some('r') => return Ok(('\r', 2)),
        Some('t') => return Ok(('\t', 2)),
        Some('"') => return Ok(('"', 2)),
        Some('\\') => return Ok(('\\', 2)),
        Some('u') => 4,
        Some('U') => 8,
        other => {
            return Err((
                1 + other.map_or(0, char::len_utf8),
                "unknown escape; write a backslash as `\\\\`",
            ));
        }
    };
    let code = found.get(2..2 + digits);
    let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    code.and_then(|code| u32::from_str_radix(code, 16).ok())
        .and_then(char::from_u32)
        .map(|character| (character, 2 + digits))
        .ok_or((2, "not a valid code point"))
}

/// Decodes `$${` and `%%{` to `${` and `%{`: their first character is dropped by writing it for two.
fn template_escape(found: &str) -> (char, usize) {
    let sign = if found.starts_with('$') { '$' } else { '%' };
    let is_escape = found.starts_with("$${") || found.starts_with("%%{");
    (sign, if is_escape { 2 } else { 1 })
}

/// Decodes the escapes of heredocs.
pub(super) fn unescape_heredoc(literal: &str) -> String {
    literal.replace("$${", "${").replace("%%{", "%{")
}

/// Returns the common indentation of a `<<-` heredoc in characters, `None` for another heredoc. The lexer must be after
/// its opening line.
pub(super) fn indent_of(lexer: &Lexer<'_>, open: &Token<'_>) -> Option<usize> {
    if !open.text.starts_with("<<-") {
        return None;
    }
    let mut lexer = lexer.clone();
    let inside = lexer.modes();
    let mut least = usize::MAX;
    let mut is_start = true;
    while lexer.modes() >= inside {
        let is_direct = lexer.modes() == inside;
        let token = lexer.next();
        match token.kind {
            Kind::End | Kind::Bad(_) => break,
            Kind::HeredocClose if is_direct => break,
            Kind::Literal if is_direct => {
                if is_start && let Some(indent) = indent(token.text) {
                    least = least.min(indent);
                }
                is_start = token.text.ends_with('\n');
            }
            Kind::Interpolation | Kind::Directive if is_direct => {
                if is_start {
                    return Some(0);
                }
                is_start = false;
            }
            _ => {}
        }
    }
    Some(if least == usize::MAX { 0 } else { least })
}

/// Returns the number of white space characters at the start of a line; `None` for an empty line.
pub(super) fn indent(line: &str) -> Option<usize> {
    let blank = line.chars().take_while(|c| c.is_whitespace()).count();
    let is_empty = line.ends_with('\n') && line.trim().is_empty();
    (!is_empty).then_some(blank)
}

/// Returns a line without this number of white space characters; an empty line is unchanged.
pub(super) fn dedent(line: &str, characters: usize) -> &str {
    if indent(line).is_none() {
        return line;
    }
    let bytes = line
        .char_indices()
        .nth(characters)
        .map_or(line.len(), |(at, _)| at);
    line.get(bytes..).unwrap_or("")
}
