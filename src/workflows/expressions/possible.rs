//! The set of values that a part of an expression may have: the three-valued core.
//!
//! A set lists values and may also be open toward all truthy or all falsy values. That is enough to decide
//! `a && 'x' || 'y'` with `a` unknown: `a && 'x'` is `'x'` or something falsy, and the falsy side leads to `'y'`.

use std::sync::Arc;

use super::context::{Node, Reason, Resolved, Rest, Why};
use super::syntax::{EvalError, Span};
use super::value::{Map, Value};

/// The most values that a set names; a larger set is open.
pub(super) const MAX_VALUES: usize = 16;

/// The values of a part, or its failure in every run.
pub(super) type Evaluated = Result<Possible, EvalError>;

/// The values that may be. Empty only as the result of [`Possible::truthy`] or [`Possible::falsy`].
#[derive(Debug, Clone, Default)]
pub(super) struct Possible {
    pub(super) items: Vec<Item>,
    pub(super) open: Open,
    /// Why it is not one value. Those without a path come from a context and are placed by the code that knows the path.
    pub(super) reasons: Vec<Reason>,
}

/// Which unlisted values a set may also contain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) truthy: bool,
    pub(super) falsy: bool,
}

impl Open {
    pub(super) const ANY: Self = Self { truthy: true, falsy: true };
    pub(super) const TRUTHY: Self = Self { truthy: true, falsy: false };

    pub(super) fn is_closed(self) -> bool {
        self == Self::default()
    }

    fn covers(self, truthy: bool) -> bool {
        if truthy { self.truthy } else { self.falsy }
    }
}

/// One named value.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Known(Value),
    /// The array that `.*` makes: an index into it goes to its elements.
    Filtered(Arc<Vec<Value>>),
    /// An object of which only some properties are known.
    Partial(Arc<Partial>),
}

#[derive(Debug)]
pub(super) struct Partial {
    pub(super) fields: Map<Possible>,
    pub(super) rest: Rest,
    /// An object with the identity of this one, for operations that only need kind and identity.
    stand_in: Value,
}

impl Item {
    /// The value if only kind, text, truth and identity count; the properties of a partial object are not in it.
    pub(super) fn operand(&self) -> Value {
        match self {
            Self::Known(value) => value.clone(),
            Self::Filtered(items) => Value::Array(Arc::clone(items)),
            Self::Partial(partial) => partial.stand_in.clone(),
        }
    }

    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Known(value) => value.is_truthy(),
            Self::Filtered(_) | Self::Partial(_) => true,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => a.is_same(b),
            (Self::Filtered(a), Self::Filtered(b)) => Arc::ptr_eq(a, b),
            (Self::Partial(a), Self::Partial(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Possible {
    pub(super) fn known(value: Value) -> Self {
        Self::item(Item::Known(value))
    }

    pub(super) fn item(item: Item) -> Self {
        Self { items: vec![item], ..Self::default() }
    }

    pub(super) fn unknown(open: Open, reasons: Vec<Reason>) -> Self {
        Self { items: Vec::new(), open, reasons }
    }

    /// True, false or both.
    pub(super) fn truths(may_hold: bool, may_fail: bool, reasons: Vec<Reason>) -> Self {
        let truths = [(may_hold, true), (may_fail, false)].into_iter().filter(|(may, _)| *may);
        let items = truths.map(|(_, truth)| Item::Known(Value::Bool(truth))).collect();
        Self { items, open: Open::default(), reasons }.settled()
    }

    /// What a scenario says about a context. Reasons get no path yet.
    pub(super) fn of_node(node: Node) -> Self {
        match node {
            Node::Known(value) => Self::known(value),
            Node::Unknown(why) => Self::unknown(Open::ANY, vec![unplaced(why)]),
            Node::OneOf(values) if values.is_empty() => Self::unknown(Open::ANY, vec![unplaced("none of its values is known")]),
            Node::OneOf(values) => {
                let reason = unplaced(format!("it is one of {} values", values.len()));
                let set = values.into_iter().fold(Self::default(), |set, value| set.or(Self::known(value)));
                set.because(&[reason]).settled()
            }
            Node::Partial(fields, rest) => {
                let fields: Map<Self> = fields.into_entries().map(|(name, node)| (name, Self::of_node(node))).collect();
                if matches!(rest, Rest::Null)
                    && let Some(known) = fields.iter().map(|(name, field)| Some((name, field.exactly()?))).collect::<Option<Map<Value>>>()
                {
                    return Self::known(Value::object(known));
                }
                let partial = Partial { fields, rest, stand_in: Value::object(Map::new()) };
                let reasons = vec![unplaced("only some of its properties are known")];
                Self { reasons, ..Self::item(Item::Partial(Arc::new(partial))) }
            }
        }
    }

    /// The value, if there is exactly one and it is fully known.
    fn exactly(&self) -> Option<Value> {
        match (self.items.as_slice(), self.open.is_closed()) {
            ([Item::Known(value)], true) => Some(value.clone()),
            _ => None,
        }
    }

    /// The item, if it is the only one.
    pub(super) fn single(&self) -> Option<&Item> {
        match (self.items.as_slice(), self.open.is_closed()) {
            ([item], true) => Some(item),
            _ => None,
        }
    }

    /// Whether it is empty: never the set of a part of an expression, only a remainder.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.open.is_closed()
    }

    pub(super) fn may_be_truthy(&self) -> bool {
        self.open.truthy || self.items.iter().any(Item::is_truthy)
    }

    pub(super) fn may_be_falsy(&self) -> bool {
        self.open.falsy || self.items.iter().any(|item| !item.is_truthy())
    }

    /// Those values that count as true.
    pub(super) fn truthy(mut self) -> Self {
        self.items.retain(Item::is_truthy);
        self.open.falsy = false;
        self
    }

    /// Those values that do not.
    pub(super) fn falsy(mut self) -> Self {
        self.items.retain(|item| !item.is_truthy());
        self.open.truthy = false;
        self
    }

    /// The union: the value is in this set or in the other.
    pub(super) fn or(mut self, other: Self) -> Self {
        for item in other.items {
            if !self.items.iter().any(|known| known.is_same(&item)) {
                self.items.push(item);
            }
        }
        self.open = Open { truthy: self.open.truthy || other.open.truthy, falsy: self.open.falsy || other.open.falsy };
        if self.items.len() > MAX_VALUES {
            self.open = Open { truthy: self.may_be_truthy(), falsy: self.may_be_falsy() };
        }
        let open = self.open;
        self.items.retain(|item| !open.covers(item.is_truthy()));
        self.because(&other.reasons)
    }

    /// Adds reasons; none is kept twice.
    pub(super) fn because(mut self, reasons: &[Reason]) -> Self {
        for reason in reasons {
            if self.reasons.len() < MAX_VALUES && !self.reasons.contains(reason) {
                self.reasons.push(reason.clone());
            }
        }
        self
    }

    /// Drops the reasons of a set that turned out to be one known value.
    pub(super) fn settled(mut self) -> Self {
        if matches!(self.single(), Some(Item::Known(_) | Item::Filtered(_))) {
            self.reasons.clear();
        }
        self
    }

    /// Sets the path of reasons that came from a context.
    pub(super) fn placed(mut self, path: &str, span: Span) -> Self {
        for reason in self.reasons.iter_mut().filter(|reason| reason.path.is_empty()) {
            path.clone_into(&mut reason.path);
            reason.span = span;
        }
        self
    }

    /// The set in its public form.
    pub(super) fn resolved(self, span: Span) -> Resolved {
        let mut values: Vec<Value> = Vec::new();
        for item in &self.items {
            if let Item::Partial(_) = item {
                return Self::unknown(Open::ANY, self.reasons).resolved(span);
            }
            let value = item.operand();
            if !values.iter().any(|known| known == &value || known.is_same(&value)) {
                values.push(value);
            }
        }
        match (values.len(), self.open.is_closed()) {
            (1, true) => values.pop().map_or(Resolved::Known(Value::Null), Resolved::Known),
            (2.., true) => Resolved::OneOf(values),
            _ if self.reasons.is_empty() => {
                Resolved::Unknown(vec![Reason { path: "expression".to_owned(), span, why: "it has too many possible values".into() }])
            }
            _ => Resolved::Unknown(self.reasons),
        }
    }

    /// The set's truth: a known bool, or unknown with the reasons.
    pub(super) fn truth(self, span: Span) -> Resolved {
        match (self.may_be_truthy(), self.may_be_falsy()) {
            (true, false) => Resolved::Known(Value::Bool(true)),
            (false, true) => Resolved::Known(Value::Bool(false)),
            _ => Self::unknown(Open::ANY, self.reasons).resolved(span),
        }
    }
}

pub(super) fn unplaced(why: impl Into<Why>) -> Reason {
    Reason { path: String::new(), span: Span { start: 0, end: 0 }, why: why.into() }
}
