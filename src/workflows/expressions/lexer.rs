//! Text to tokens.

use super::number;
use super::syntax::{Comparison, Span, SyntaxError};

/// GitHub's limit on an expression, in units of UTF-16.
const MAX_LENGTH: usize = 21_000;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Comma,
    Dot,
    Star,
    Not,
    And,
    Or,
    Compare(Comparison),
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Identifier,
}

/// Cuts the part of `text` from `within.start` to `within.end` into tokens; spans are bytes of `text`.
pub(super) fn lex(text: &str, within: Span) -> Result<Vec<Token>, SyntaxError> {
    let source = text.get(within.start..within.end).unwrap_or_default();
    if source.encode_utf16().count() > MAX_LENGTH {
        return Err(SyntaxError { span: within, message: format!("Exceeded max expression length {MAX_LENGTH}") });
    }
    let mut lexer = Lexer { source, at: 0, base: within.start, tokens: Vec::new() };
    while let Some(c) = lexer.peek() {
        if c.is_whitespace() {
            lexer.at += c.len_utf8();
        } else {
            let token = lexer.token(c)?;
            lexer.tokens.push(token);
        }
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    base: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn token(&mut self, first: char) -> Result<Token, SyntaxError> {
        let start = self.at;
        let two = self.rest().get(..2).unwrap_or_default();
        let kind = match (first, two) {
            ('(', _) => TokenKind::LeftParen,
            (')', _) => TokenKind::RightParen,
            ('[', _) => TokenKind::LeftBracket,
            (']', _) => TokenKind::RightBracket,
            (',', _) => TokenKind::Comma,
            ('*', _) => TokenKind::Star,
            ('.', _) if self.may_dereference() => TokenKind::Dot,
            (_, "!=") => TokenKind::Compare(Comparison::NotEqual),
            (_, "==") => TokenKind::Compare(Comparison::Equal),
            (_, "<=") => TokenKind::Compare(Comparison::LessOrEqual),
            (_, ">=") => TokenKind::Compare(Comparison::GreaterOrEqual),
            (_, "&&") => TokenKind::And,
            (_, "||") => TokenKind::Or,
            ('!', _) => TokenKind::Not,
            ('<', _) => TokenKind::Compare(Comparison::Less),
            ('>', _) => TokenKind::Compare(Comparison::Greater),
            ('\'', _) => return self.string(start),
            ('.' | '-' | '+' | '0'..='9', _) => return self.number(start),
            _ => return self.word(start),
        };
        self.at += match two {
            "!=" | "==" | "<=" | ">=" | "&&" | "||" => 2,
            _ => first.len_utf8(),
        };
        Ok(Token { kind, span: self.span(start) })
    }

    /// A point after what can be indexed is a dereference, any other begins a number.
    fn may_dereference(&self) -> bool {
        matches!(
            self.tokens.last().map(|token| &token.kind),
            Some(TokenKind::Identifier | TokenKind::RightBracket | TokenKind::RightParen | TokenKind::Star)
        )
    }

    fn string(&mut self, start: usize) -> Result<Token, SyntaxError> {
        self.at += 1;
        let mut value = String::new();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            if c != '\'' {
                value.push(c);
            } else if self.peek() == Some('\'') {
                self.at += 1;
                value.push(c);
            } else {
                return Ok(Token { kind: TokenKind::String(value), span: self.span(start) });
            }
        }
        Err(self.unexpected(start))
    }

    fn number(&mut self, start: usize) -> Result<Token, SyntaxError> {
        self.skip_to_boundary('.');
        let number = number::parse(self.source.get(start..self.at).unwrap_or_default());
        if number.is_nan() {
            return Err(self.unexpected(start));
        }
        Ok(Token { kind: TokenKind::Number(number), span: self.span(start) })
    }

    fn word(&mut self, start: usize) -> Result<Token, SyntaxError> {
        self.skip_to_boundary('\0');
        let word = self.source.get(start..self.at).unwrap_or_default();
        if !is_identifier(word) {
            return Err(self.unexpected(start));
        }
        let property = self.tokens.last().is_some_and(|token| token.kind == TokenKind::Dot);
        let kind = match word {
            _ if property => TokenKind::Identifier,
            "null" => TokenKind::Null,
            "true" => TokenKind::Bool(true),
            "false" => TokenKind::Bool(false),
            "NaN" => TokenKind::Number(f64::NAN),
            "Infinity" => TokenKind::Number(f64::INFINITY),
            _ => TokenKind::Identifier,
        };
        Ok(Token { kind, span: self.span(start) })
    }

    /// Takes one character, and then all up to the next that ends a word; `also` does not end this one.
    fn skip_to_boundary(&mut self, also: char) {
        let mut first = true;
        while let Some(c) = self.peek() {
            if !first && c != also && (c.is_whitespace() || "([)],.!><=&|".contains(c)) {
                break;
            }
            first = false;
            self.at += c.len_utf8();
        }
    }

    fn span(&self, start: usize) -> Span {
        Span { start: self.base + start, end: self.base + self.at }
    }

    fn unexpected(&self, start: usize) -> SyntaxError {
        let lexeme = self.source.get(start..self.at).unwrap_or_default();
        SyntaxError { span: self.span(start), message: format!("Unexpected symbol: '{lexeme}'") }
    }
}

fn is_identifier(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
