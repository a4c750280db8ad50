//! Tokens to a tree, by precedence: index, `!`, order, equality, `&&`, `||`.

use super::functions::Function;
use super::lexer::{self, Token, TokenKind};
use super::syntax::{Comparison, Expr, ExprKind, Index, Name, Span, SyntaxError, Tree};
use super::value::Value;

/// GitHub's limit on how deep an expression nests; it also keeps recursion over the tree safe.
const MAX_DEPTH: usize = 50;

/// Parses an expression without `${{ }}`; every context and every function that GitHub knows may occur.
///
/// # Errors
/// When the text is not an expression.
pub fn parse(text: &str) -> Result<Expr, SyntaxError> {
    parse_part(text, Span { start: 0, end: text.len() }, &|_| true)
}

/// Parses the part of `text` within a span; a name that `offers` refuses is an error. Spans are bytes of `text`.
pub(super) fn parse_part(text: &str, within: Span, offers: &dyn Fn(&Name) -> bool) -> Result<Expr, SyntaxError> {
    let tokens = lexer::lex(text, within)?;
    let mut parser = Parser { text, tokens: &tokens, at: 0, depth: 0, offers, names: Vec::new() };
    if tokens.is_empty() {
        return Ok(Expr { root: None, names: parser.names });
    }
    let root = parser.expression()?;
    match parser.peek() {
        None => Ok(Expr { root: Some(root), names: parser.names }),
        Some(token) => Err(parser.unexpected(token)),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    offers: &'a dyn Fn(&Name) -> bool,
    names: Vec<(Name, Span)>,
}

type Parsed<T> = Result<T, SyntaxError>;

impl<'a> Parser<'a> {
    fn expression(&mut self) -> Parsed<Tree> {
        self.deeper()?;
        let tree = self.or()?;
        self.depth -= 1;
        Ok(tree)
    }

    fn or(&mut self) -> Parsed<Tree> {
        let first = self.and()?;
        self.logical(first, &TokenKind::Or, Self::and, ExprKind::Or)
    }

    fn and(&mut self) -> Parsed<Tree> {
        let first = self.equality()?;
        self.logical(first, &TokenKind::And, Self::equality, ExprKind::And)
    }

    fn logical(
        &mut self,
        first: Tree,
        operator: &TokenKind,
        operand: fn(&mut Self) -> Parsed<Tree>,
        kind: fn(Vec<Tree>) -> ExprKind,
    ) -> Parsed<Tree> {
        if self.peek().is_none_or(|token| token.kind != *operator) {
            return Ok(first);
        }
        self.deeper()?;
        let start = first.span.start;
        let mut operands = vec![first];
        while self.take(operator) {
            operands.push(operand(self)?);
        }
        self.depth -= 1;
        Ok(Tree { span: self.span_from(start), kind: kind(operands) })
    }

    fn equality(&mut self) -> Parsed<Tree> {
        let operators = |comparison: Comparison| matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        self.chain(Self::order, operators)
    }

    fn order(&mut self) -> Parsed<Tree> {
        let operators = |comparison: Comparison| !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        self.chain(Self::unary, operators)
    }

    fn chain(&mut self, operand: fn(&mut Self) -> Parsed<Tree>, operators: fn(Comparison) -> bool) -> Parsed<Tree> {
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some(Token { kind: TokenKind::Compare(comparison), .. }) = self.peek() {
            if !operators(*comparison) {
                break;
            }
            self.at += 1;
            rest.push((*comparison, operand(self)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Tree { span: self.span_from(first.span.start), kind: ExprKind::Compare { first: Box::new(first), rest } })
    }

    fn unary(&mut self) -> Parsed<Tree> {
        let start = self.peek().map_or(0, |token| token.span.start);
        if !self.take(&TokenKind::Not) {
            return self.indexed();
        }
        self.deeper()?;
        let operand = self.unary()?;
        self.depth -= 1;
        Ok(Tree { span: self.span_from(start), kind: ExprKind::Not(Box::new(operand)) })
    }

    fn indexed(&mut self) -> Parsed<Tree> {
        let start = self.peek().map_or(0, |token| token.span.start);
        let (root, is_indexable) = self.primary()?;
        if !is_indexable {
            return Ok(root);
        }
        let depth = self.depth;
        let mut steps = Vec::new();
        loop {
            if self.take(&TokenKind::LeftBracket) {
                let step = if self.take(&TokenKind::Star) { Index::Star } else { Index::Key(self.expression()?) };
                self.expect(&TokenKind::RightBracket)?;
                steps.push(step);
            } else if self.take(&TokenKind::Dot) {
                steps.push(self.property()?);
            } else {
                break;
            }
            self.deeper()?;
        }
        self.depth = depth;
        if steps.is_empty() {
            return Ok(root);
        }
        Ok(Tree { span: self.span_from(start), kind: ExprKind::Access { root: Box::new(root), steps } })
    }

    fn property(&mut self) -> Parsed<Index> {
        let token = self.next()?;
        match token.kind {
            TokenKind::Star => Ok(Index::Star),
            TokenKind::Identifier => {
                let name = Value::from(self.lexeme(token.span));
                Ok(Index::Key(Tree { span: token.span, kind: ExprKind::Literal(name) }))
            }
            _ => Err(self.unexpected(token)),
        }
    }

    /// A literal, a group, a context or a call, and whether it may be indexed.
    fn primary(&mut self) -> Parsed<(Tree, bool)> {
        let token = self.next()?;
        let literal = |value: Value| Ok((Tree { span: token.span, kind: ExprKind::Literal(value) }, false));
        match &token.kind {
            TokenKind::Null => literal(Value::Null),
            TokenKind::Bool(bool) => literal(Value::Bool(*bool)),
            TokenKind::Number(number) => literal(Value::Number(*number)),
            TokenKind::String(text) => literal(Value::String(text.clone())),
            TokenKind::LeftParen => {
                let inner = self.expression()?;
                self.expect(&TokenKind::RightParen)?;
                Ok((Tree { span: self.span_from(token.span.start), kind: inner.kind }, true))
            }
            TokenKind::Identifier if self.take(&TokenKind::LeftParen) => Ok((self.call(token.span)?, true)),
            TokenKind::Identifier => {
                let name = self.lexeme(token.span).to_owned();
                self.offered(Name::Context(name.clone()), token.span)?;
                Ok((Tree { span: token.span, kind: ExprKind::Context(name) }, true))
            }
            _ => Err(self.unexpected(token)),
        }
    }

    fn call(&mut self, name: Span) -> Parsed<Tree> {
        let mut args = Vec::new();
        if !self.take(&TokenKind::RightParen) {
            args.push(self.expression()?);
            while !self.take(&TokenKind::RightParen) {
                self.expect(&TokenKind::Comma)?;
                args.push(self.expression()?);
            }
        }
        let spelling = self.lexeme(name);
        let Some(function) = Function::named(spelling) else {
            return Err(SyntaxError { span: name, message: format!("Unrecognized function: '{spelling}'") });
        };
        self.offered(Name::Function(function), name)?;
        match function.complaint(args.len()) {
            Some(complaint) => Err(SyntaxError { span: name, message: format!("{complaint}: '{spelling}'") }),
            None => Ok(Tree { span: self.span_from(name.start), kind: ExprKind::Call { function, args } }),
        }
    }

    fn offered(&mut self, name: Name, span: Span) -> Parsed<()> {
        if !(self.offers)(&name) {
            return Err(SyntaxError { span, message: name.refusal(self.lexeme(span)) });
        }
        self.names.push((name, span));
        Ok(())
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let span = self.peek().or(self.tokens.last()).map_or(Span { start: 0, end: 0 }, |token| token.span);
            return Err(SyntaxError { span, message: format!("Exceeded max expression depth {MAX_DEPTH}") });
        }
        Ok(())
    }

    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Parsed<&'a Token> {
        let token = self.peek().ok_or_else(|| self.ended())?;
        self.at += 1;
        Ok(token)
    }

    fn take(&mut self, kind: &TokenKind) -> bool {
        let taken = self.peek().is_some_and(|token| token.kind == *kind);
        self.at += usize::from(taken);
        taken
    }

    fn expect(&mut self, kind: &TokenKind) -> Parsed<()> {
        if self.take(kind) {
            return Ok(());
        }
        Err(self.peek().map_or_else(|| self.ended(), |token| self.unexpected(token)))
    }

    fn unexpected(&self, token: &Token) -> SyntaxError {
        SyntaxError { span: token.span, message: format!("Unexpected symbol: '{}'", self.lexeme(token.span)) }
    }

    fn ended(&self) -> SyntaxError {
        let span = self.tokens.last().map_or(Span { start: 0, end: 0 }, |token| token.span);
        SyntaxError { span, message: format!("Unexpected end of expression: '{}'", self.lexeme(span)) }
    }

    fn lexeme(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn span_from(&self, start: usize) -> Span {
        let end = self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |token| token.span.end);
        Span { start, end }
    }
}
