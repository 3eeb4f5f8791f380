//! The comment header of a SQL file: fixed keys in a fixed order.
//!
//! A line that starts with three spaces after the dashes goes on with the value before it. What a
//! civil servant reads is `French / English`.

use std::fmt;
use std::iter::Peekable;
use std::str::{FromStr, Lines};

use chrono::NaiveDate;

use carnac_model::Level;

use crate::Layer;

/// What a SQL file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Permanent public identifier, `A08`; a file may be renamed, an identifier never.
    pub id: String,
    /// What it is called.
    pub title: Bilingual,
    /// Unit of the value: `ratio`, `count`, `row`…; an audit has none.
    pub unit: String,
    /// Columns that name one row, in order; none of an audit.
    pub grain: Vec<String>,
    /// The column of a fact or cube that says whose row it is: an authority sees its own, and
    /// nothing of a view that does not say.
    pub owner: Option<String>,
    /// A true sentence in SQL, of functions only: `safe_ratio(1, 4) = 0.25`.
    pub example: Option<String>,
    /// What only indicators and published views say.
    pub definition: Option<Definition>,
    /// Whether a release is stopped by what an audit finds; none for all that is no audit.
    pub level: Option<Level>,
}

/// A text in the two languages of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bilingual {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

/// The definition of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Which version, and when it holds.
    pub version: Version,
    /// What the figure is, in one sentence.
    pub sentence: Bilingual,
    /// The numerator in words.
    pub numerator: Bilingual,
    /// The denominator in words.
    pub denominator: Bilingual,
    /// Where the rows come from.
    pub source: Bilingual,
    /// How often they come.
    pub freshness: Bilingual,
    /// What a reader must know before quoting it.
    pub caveat: Bilingual,
    /// Disclosure class: `D0` open counts, `D1` firms, `D2` declared by an authority, `D3` people.
    pub disclosure: String,
    /// Which rows of an authority are behind its figure; none when the file does not say.
    pub rows: Vec<Facts>,
}

/// Rows behind a figure, written `numerator core.acts if is_transmitted` or
/// `denominator core.reported of variable = 'ACT_TOT' if status = 'observed'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What they are part of: `numerator`, `denominator` or `amount`.
    pub part: String,
    /// The view that has them, `<layer>.<name>`.
    pub view: String,
    /// The rows of it that are meant, as a condition in SQL; all when there is none.
    pub scope: Option<String>,
    /// What a row must meet to count, each a condition in SQL.
    pub conditions: Vec<String>,
}

/// A version of a definition, written `2, from 2025-01-01` or `1, from 2007-01-01, until 2024-12-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub number: u32,
    /// The first day on which it holds.
    pub from: NaiveDate,
    /// The last one, unless it still holds.
    pub until: Option<NaiveDate>,
}

/// The disclosure classes.
const CLASSES: [&str; 4] = ["D0", "D1", "D2", "D3"];

/// What rows may be part of.
const PARTS: [&str; 3] = ["numerator", "denominator", "amount"];

/// The line from 1, and what is wrong with it.
type Fault = (usize, String);

impl Header {
    /// Reads the header at the top of a file of `layer`.
    ///
    /// # Errors
    /// The line (from 1) and what is wrong with it.
    pub(crate) fn parse(text: &str, layer: Layer) -> Result<Self, Fault> {
        let mut values = Values::of(text);
        let id = values.next("id")?.text;
        let title = values.next("title")?.bilingual()?;
        let level = (layer == Layer::Audit).then(|| values.next("level")?.level()).transpose()?;
        let (unit, grain) = if level.is_some() {
            (String::new(), Vec::new())
        } else {
            (values.next("unit")?.text, columns(&values.next("grain")?.text))
        };
        let is_function = layer == Layer::Function;
        let is_owned = matches!(layer, Layer::Core | Layer::Cube);
        let owner = is_owned.then(|| values.optional("owner")).transpose()?.flatten();
        let example = is_function.then(|| values.next("example")).transpose()?;
        let has_definition = layer.has_definition();
        let definition = has_definition.then(|| Definition::parse(&mut values)).transpose()?;
        values.end()?;
        Ok(Self {
            id,
            title,
            unit,
            grain,
            owner: owner.map(|owner| owner.text),
            example: example.map(|example| example.text),
            definition,
            level,
        })
    }
}

/// The names between commas.
fn columns(grain: &str) -> Vec<String> {
    grain.split(',').map(|column| column.trim().to_owned()).collect()
}

impl Definition {
    fn parse(values: &mut Values<'_>) -> Result<Self, Fault> {
        let version = values.next("version")?;
        let sentence = values.next("definition")?.bilingual()?;
        let numerator = values.next("numerator")?.bilingual()?;
        let denominator = values.next("denominator")?.bilingual()?;
        let source = values.next("source")?.bilingual()?;
        let freshness = values.next("freshness")?.bilingual()?;
        let caveat = values.next("caveat")?.bilingual()?;
        let disclosure = values.next("disclosure")?;
        let version = version.text.parse().map_err(|reason| (version.line, reason))?;
        if !CLASSES.contains(&disclosure.text.as_str()) {
            let reason = format!("a disclosure class is one of {}", CLASSES.join(", "));
            return Err((disclosure.line, reason));
        }
        let disclosure = disclosure.text;
        let rows = values.optional("rows")?.map(Value::facts).transpose()?.unwrap_or_default();
        Ok(Self {
            version,
            sentence,
            numerator,
            denominator,
            source,
            freshness,
            caveat,
            disclosure,
            rows,
        })
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            "a version is `1, from 2007-01-01` or `1, from 2007-01-01, until 2024-12-31`".to_owned()
        };
        let mut parts = text.split(", ");
        let number: u32 = parts.next().and_then(|part| part.parse().ok()).ok_or_else(form)?;
        let day = |part: &str, word: &str| {
            part.strip_prefix(word)?.parse::<NaiveDate>().ok().filter(|_| number > 0)
        };
        let from = parts.next().and_then(|part| day(part, "from ")).ok_or_else(form)?;
        let until = match parts.next() {
            Some(part) => Some(day(part, "until ").filter(|day| *day >= from).ok_or_else(form)?),
            None => None,
        };
        match parts.next() {
            Some(_) => Err(form()),
            None => Ok(Self { number, from, until }),
        }
    }
}

impl FromStr for Facts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            let parts = PARTS.join(", ");
            format!(
                "rows are `PART SCHEMA.VIEW [of CONDITION] [if CONDITION [and …]]`, PART one of {parts}"
            )
        };
        let (head, conditions) = text.split_once(" if ").unwrap_or((text, ""));
        let (head, scope) = match head.split_once(" of ") {
            Some((head, scope)) => (head, Some(scope.trim().to_owned())),
            None => (head, None),
        };
        let mut words = head.split_whitespace();
        let (Some(part), Some(view), None) = (words.next(), words.next(), words.next()) else {
            return Err(form());
        };
        if !PARTS.contains(&part) || !view.contains('.') {
            return Err(form());
        }
        let conditions = conditions.split(" and ").map(|condition| condition.trim().to_owned());
        let conditions = conditions.filter(|condition| !condition.is_empty()).collect();
        Ok(Self { part: part.to_owned(), view: view.to_owned(), scope, conditions })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, from {}", self.number, self.from)?;
        self.until.map_or(Ok(()), |until| write!(f, ", until {until}"))
    }
}

impl fmt::Display for Bilingual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.fr, self.en)
    }
}

/// A value and the line of its key.
struct Value {
    line: usize,
    text: String,
}

impl Value {
    fn level(self) -> Result<Level, Fault> {
        [Level::Blocking, Level::Warning]
            .into_iter()
            .find(|level| level.name() == self.text)
            .ok_or_else(|| (self.line, "the level is `blocking` or `warning`".to_owned()))
    }

    fn facts(self) -> Result<Vec<Facts>, Fault> {
        let facts: Result<_, _> = self.text.split(';').map(str::parse).collect();
        facts.map_err(|reason| (self.line, reason))
    }

    fn bilingual(self) -> Result<Bilingual, Fault> {
        let parts: Vec<_> = self.text.split(" / ").map(str::trim).collect();
        match parts.as_slice() {
            [fr, en] if !fr.is_empty() && !en.is_empty() => {
                Ok(Bilingual { fr: (*fr).to_owned(), en: (*en).to_owned() })
            }
            _ => Err((self.line, "this value is `French / English`".to_owned())),
        }
    }
}

/// The values of a header, one after the other.
struct Values<'t> {
    lines: Peekable<Lines<'t>>,
    line: usize,
}

impl<'t> Values<'t> {
    fn of(text: &'t str) -> Self {
        Self { lines: text.lines().peekable(), line: 0 }
    }

    /// Reads the value of `key`, which must be here.
    fn next(&mut self, key: &str) -> Result<Value, Fault> {
        let line = self.line + 1;
        let first = self.lines.next_if(|line| pair(line).is_some_and(|(found, _)| found == key));
        let Some((_, first)) = first.and_then(pair) else {
            return Err((line, format!("expected the header line `-- {key}: …` here")));
        };
        let mut text = first.trim().to_owned();
        self.line = line;
        while let Some(more) =
            self.lines.peek().copied().and_then(|line| line.strip_prefix("--   "))
        {
            text = format!("{text} {}", more.trim());
            self.lines.next();
            self.line += 1;
        }
        if text.trim().is_empty() {
            return Err((line, format!("the header key `{key}` has no value")));
        }
        Ok(Value { line, text: text.trim().to_owned() })
    }

    /// Reads the value of `key` if it is here.
    fn optional(&mut self, key: &str) -> Result<Option<Value>, Fault> {
        let is_here =
            self.lines.peek().copied().and_then(pair).is_some_and(|(found, _)| found == key);
        is_here.then(|| self.next(key)).transpose()
    }

    /// Refuses one more line that looks like a key.
    fn end(&mut self) -> Result<(), Fault> {
        let is_key = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        match self.lines.peek().copied().and_then(pair).filter(|(key, _)| is_key(key)) {
            Some((key, _)) => Err((self.line + 1, format!("unknown header key `{key}`"))),
            None => Ok(()),
        }
    }
}

/// Key and value of `-- key: value`; the value may begin on the next line.
fn pair(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("-- ")?
        .split_once(':')
        .filter(|(_, value)| value.is_empty() || value.starts_with(' '))
}

#[cfg(test)]
mod tests;
